package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a container's limit leaves, on sample trees of both versions of control groups. */
@Timeout(60)
class ContainerMemoryTest {

  private static final long MIB = 1 << 20;
  private static final String V2_MOUNT =
      "30 22 0:27 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

  @TempDir Path root;

  private void write(String file, String content) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, content);
  }

  private void process(String mountinfo, String cgroup) throws IOException {
    write("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + mountinfo);
    write("proc/self/cgroup", cgroup);
  }

  /** A group of version 2 with 100 MiB that cannot be taken back, and any amount of page cache. */
  private void groupV2(String folder, String max) throws IOException {
    write(folder + "/memory.max", max + "\n");
    write(folder + "/memory.current", 900 * MIB + "\n");
    write(
        folder + "/memory.stat",
        """
        anon %d
        file %d
        kernel %d
        kernel_stack %d
        pagetables %d
        sec_pagetables 0
        percpu %d
        sock %d
        shmem %d
        file_mapped 4096
        inactive_anon 12345
        active_file %d
        unevictable %d
        slab_reclaimable %d
        slab_unreclaimable %d
        slab %d
        """
            .formatted(
                60 * MIB, 700 * MIB, 70 * MIB, MIB, 2 * MIB, 3 * MIB, 4 * MIB, 20 * MIB, 600 * MIB,
                5 * MIB, 50 * MIB, 10 * MIB, 60 * MIB));
  }

  private void groupV1(String folder, long limit) throws IOException {
    write(folder + "/memory.limit_in_bytes", limit + "\n");
    write(folder + "/memory.usage_in_bytes", 900 * MIB + "\n");
    write(
        folder + "/memory.stat",
        """
        cache %d
        rss 1
        hierarchical_memory_limit %d
        total_cache %d
        total_rss %d
        total_rss_huge %d
        total_shmem %d
        total_active_file %d
        total_unevictable 0
        """
            .formatted(700 * MIB, limit, 700 * MIB, 90 * MIB, 50 * MIB, 10 * MIB, 600 * MIB));
  }

  private long left() {
    ContainerMemory.Level level = new ContainerMemory(root).tightest();
    return level == null ? -1 : level.leftBytes();
  }

  @Test
  void shouldNotCountPageCacheInVersion2() throws IOException {
    process(V2_MOUNT, "0::/\n"); // a container with a namespace of its own
    groupV2("sys/fs/cgroup", "" + 1000 * MIB);
    assertThat(left()).isEqualTo(900 * MIB);
    write("sys/fs/cgroup/memory.stat", "anon " + 10 * MIB + "\nunevictable " + 300 * MIB + "\n");
    assertThat(left()).as("locked memory").isEqualTo(700 * MIB);
    write("sys/fs/cgroup/memory.stat", "anon " + 2000 * MIB + "\n");
    assertThat(left()).as("above its limit").isZero();
  }

  @Test
  void shouldFindTheTightestLevelOfAllParents() throws IOException {
    process(V2_MOUNT, "0::/user.slice/app.service\n");
    groupV2("sys/fs/cgroup/user.slice/app.service", "max");
    assertThat(left()).as("no limit").isEqualTo(-1);
    groupV2("sys/fs/cgroup/user.slice", "" + 500 * MIB);
    assertThat(left()).isEqualTo(400 * MIB);
    groupV2("sys/fs/cgroup/user.slice/app.service", "" + 800 * MIB);
    assertThat(left()).isEqualTo(400 * MIB);
    groupV2("sys/fs/cgroup/user.slice/app.service", "" + 300 * MIB);
    assertThat(left()).isEqualTo(200 * MIB);
    write("sys/memory.max", "" + MIB); // above the mount: none of its business
    assertThat(left()).isEqualTo(200 * MIB);
  }

  @ParameterizedTest
  @CsvSource({
    "/, /docker/abc, /docker/abc", // the whole hierarchy is visible
    "/docker/abc, /docker/abc, ''", // the container's own group is mounted
    "/docker/abc, /docker/abc/inner, /inner",
    "/docker/abc, /docker/abcd, ''", // another's
    "/, /../outside, ''"
  })
  void shouldFindTheGroupBelowTheMount(String mounted, String group, String folder)
      throws IOException {
    process(
        "34 30 0:31 "
            + mounted
            + " /sys/fs/my\\040groups/memory rw - cgroup cgroup rw,memory\n"
            + "33 30 0:30 / /sys/fs/my\\040groups/cpu rw - cgroup cgroup rw,cpu,cpuacct\n",
        "9:cpu,cpuacct:/elsewhere\n4:memory:" + group + "\n0::/nowhere\n");
    groupV1("sys/fs/my groups/memory" + folder, 300 * MIB);
    assertThat(left()).isEqualTo(200 * MIB);
    groupV1("sys/fs/my groups/memory" + folder, 9223372036854771712L);
    assertThat(left()).as("no limit").isEqualTo(-1);
  }

  @Test
  void shouldTakeTheTighterOfBothVersions() throws IOException {
    process(
        V2_MOUNT.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
            + "34 30 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
        "4:memory:/\n0::/\n");
    groupV1("sys/fs/cgroup/memory", 300 * MIB);
    assertThat(left()).isEqualTo(200 * MIB);
    groupV2("sys/fs/cgroup/unified", "" + 150 * MIB);
    assertThat(left()).isEqualTo(50 * MIB);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "not a number", "max", "-5", "12 13"})
  void shouldNotRefuseForWhatItCannotRead(String max) throws IOException {
    assertThat(left()).as("no proc").isEqualTo(-1);
    process("broken\n30 22 0:27 - cgroup2\n" + V2_MOUNT, "broken\n");
    assertThat(left()).as("no group").isEqualTo(-1);
    write("sys/fs/cgroup/memory.max", max);
    write("sys/fs/cgroup/memory.stat", "anon\nanon x\n\nanon 1 2\n");
    assertThat(left()).isEqualTo(-1);
    write("sys/fs/cgroup/memory.max", "" + 5 * MIB);
    assertThat(left()).as("nothing known to be used").isEqualTo(5 * MIB);
    new ContainerMemory(root).require(5 * MIB, 0);
  }

  @Test
  void shouldReadWhatThisMachineHas() {
    ContainerMemory.ofThisProcess().require(4 * MIB, 0);
  }

  @Test
  void shouldRefuseAPoolThatDoesNotFitAndChangeNothing() throws IOException {
    process(V2_MOUNT, "0::/\n");
    groupV2("sys/fs/cgroup", "" + 108 * MIB); // leaves 8 MiB
    Path folder = root.resolve("store");
    LocalBlobStore.Builder builder =
        LocalBlobStore.builder(folder)
            .config(StoreConfig.DEFAULTS.withInitialFileBytes(1 << 20))
            .containerMemory(new ContainerMemory(root));
    assertThatThrownBy(() -> builder.config(StoreConfig.DEFAULTS.withPoolBytes(9 * MIB)).open())
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("reduce poolBytes or cacheBytes, or raise the limit")
        .hasMessageContaining("poolBytes=" + 9 * MIB + ", cacheBytes=0, leftBytes=" + 8 * MIB)
        .hasMessageContaining("limitBytes=" + 108 * MIB + ", usedBytes=" + 100 * MIB);
    assertThatThrownBy(() ->
            builder
                .config(StoreConfig.DEFAULTS.withPoolBytes(5 * MIB).withCacheBytes(4 * MIB))
                .open())
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("cacheBytes=" + 4 * MIB);
    assertThat(folder).doesNotExist();
    builder
        .config(StoreConfig.DEFAULTS.withPoolBytes(5 * MIB).withCacheBytes(3 * MIB))
        .open()
        .close();

    StoreConfig config = StoreConfig.DEFAULTS.withPoolBytes(9 * MIB);
    Path file = folder.resolve(StoreFile.NAME);
    assertThatThrownBy(() -> ReadOnlyStore.openFile(file, config, new ContainerMemory(root)))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("leftBytes=" + 8 * MIB);
    ReadOnlyStore.openFile(file, config.withPoolBytes(8 * MIB), new ContainerMemory(root)).close();
  }
}
