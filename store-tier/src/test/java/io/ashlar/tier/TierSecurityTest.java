package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.checkpoint.TierManifestCodec;
import io.ashlar.tier.json.ManifestFormatException;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.readback.BatchReadBack;
import io.ashlar.tier.restore.Restore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a tier must not do, whatever it is given; beside the tests of each part. */
class TierSecurityTest {
  @TempDir Path folder;

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20))
        .open();
  }

  private void tier(ObjectStore objects) {
    try (LocalBlobStore store = local("origin");
        Tier tier =
            Tier.builder(store, objects).config(TierConfig.DEFAULTS.withIntervalMs(0)).open()) {
      new BlobModel().putRange(store, 1, 20, 1);
      tier.checkpoint(TierProgress.NONE);
    }
  }

  @Test
  void shouldKeepEveryFileOfADirectoryTierAndOfARestoreToItsOwner() throws IOException {
    tier(FileObjectStore.open(folder.resolve("tier")));
    try (ObjectStore objects = FileObjectStore.open(folder.resolve("tier"));
        LocalBlobStore store = local("restored")) {
      Restore.restore(objects, store, TierProgress.NONE);
    }
    int files = 0;
    for (String root : List.of("tier", "restored", "origin")) {
      try (Stream<Path> all = Files.walk(folder.resolve(root))) {
        for (Path path : all.toList()) {
          String mode =
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
          assertThat(mode)
              .as("mode of %s", path)
              .isEqualTo(Files.isDirectory(path) ? "rwx------" : "rw-------");
          files++;
        }
      }
    }
    assertThat(files).isGreaterThan(6);
  }

  @Test
  void shouldKeepTheFileOfReadBackFramesToItsOwnerAndWithoutAName() throws IOException {
    Path kept = Files.createDirectory(folder.resolve("kept"));
    try (ObjectStore objects = new InMemoryObjectStore();
        BatchReadBack storage =
            new BatchReadBack(
                new TierObjects(objects, null),
                ReadBackConfig.DEFAULTS.withDiskBytes(1 << 20),
                kept)) {
      assertThat(kept).isEmptyDirectory();
      List<String> modes = new ArrayList<>();
      try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
        for (Path descriptor : descriptors.toList()) {
          if (Files.isSymbolicLink(descriptor)
              && Files.readSymbolicLink(descriptor).startsWith(kept.toRealPath())) {
            modes.add(PosixFilePermissions.toString(Files.getPosixFilePermissions(descriptor)));
          }
        }
      }
      assertThat(modes).containsExactly("rw-------");
      assertThat(storage.cachedBytes()).isZero();
    }
  }

  @Test
  void shouldTakeNoBatchNameFromAManifestThatCouldLeaveItsPrefix() {
    InMemoryObjectStore objects = new InMemoryObjectStore();
    tier(new NonClosing(objects).store());
    TierManifest latest = Objects.requireNonNull(new ManifestStore(objects).latest());
    String json = new String(TierManifestCodec.encode(latest), StandardCharsets.UTF_8);
    String name = latest.batches().getFirst().name();
    assertThat(json).contains(name);
    for (String hostile :
        List.of(
            "../" + name,
            "/" + name,
            "batches/../../etc/passwd",
            name + "/../x",
            name + "\\u0000",
            "batches/" + "9".repeat(500),
            "manifests/00000000000000000001",
            "")) {
      byte[] forged = json.replace(name, hostile).getBytes(StandardCharsets.UTF_8);
      assertThatThrownBy(() -> TierManifestCodec.decode(forged))
          .as("name %s", hostile)
          .isInstanceOf(ManifestFormatException.class);
      objects.put(latest.key(), ObjectBody.of(forged));
      try (LocalBlobStore store = local("restored-" + Integer.toHexString(hostile.hashCode()))) {
        assertThatThrownBy(() -> Restore.restore(objects, store, TierProgress.NONE))
            .as("restore with %s", hostile)
            .isInstanceOf(StoreException.class)
            .hasMessageContaining(TierKeys.MANIFESTS);
      }
    }
  }

  /** Gives a store to be closed by a tier that leaves the one below open. */
  private record NonClosing(InMemoryObjectStore objects) {
    ObjectStore store() {
      return new io.ashlar.tier.object.FaultyObjectStore(objects);
    }
  }

  @Test
  void shouldReadNoObjectThroughALinkThatWasPutIntoADirectoryTier() throws IOException {
    Path tier = folder.resolve("tier");
    tier(FileObjectStore.open(tier));
    Path batch;
    try (Stream<Path> all = Files.walk(tier.resolve("batches"))) {
      batch = all.filter(Files::isRegularFile).findFirst().orElseThrow();
    }
    // The same bytes, but through a link, which could lead to a file of another user.
    Path elsewhere = Files.move(batch, folder.resolve("elsewhere"));
    Files.createSymbolicLink(batch, elsewhere);
    try (ObjectStore objects = FileObjectStore.open(tier);
        LocalBlobStore store = local("restored")) {
      assertThatThrownBy(() -> Restore.restore(objects, store, TierProgress.NONE))
          .isInstanceOf(StoreException.class);
      assertThat(store.stats().blobs()).isZero();
    }
  }

  @Test
  void shouldNotRepeatCredentialsOfAUrlAnywhere() {
    for (String url :
        List.of(
            "s3://AKIAEXAMPLE:s3cr3tKey@bucket/prefix",
            "s3://bucket/prefix?endpoint=https://user:s3cr3tKey@host")) {
      assertThatThrownBy(() -> ObjectStores.open(url))
          .isInstanceOf(IllegalArgumentException.class)
          .satisfies(e -> {
            for (Throwable at = e; at != null; at = at.getCause()) {
              assertThat(at.toString()).doesNotContain("s3cr3tKey");
            }
          });
    }
  }
}
