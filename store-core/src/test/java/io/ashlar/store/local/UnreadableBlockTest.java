package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.InjectedFailure.Kind;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A block that the device cannot read counts as damage of what lies in it, no more: an open, a read
 * and a verification end as they would if the block held zeroes, and say why (G5).
 */
@Tag("campaign")
class UnreadableBlockTest {

  private static final long SEED = Long.getLong("test.seed", 20_261_130);
  private static final int GROUPS = 40;
  private static final int SETS = Integer.getInteger("unreadable.sets", 60);

  private final Logger quiet = Logger.getLogger("io.ashlar.store");

  @BeforeEach
  void muteTheLog() {
    quiet.setLevel(Level.OFF);
  }

  @AfterEach
  void restoreTheLog() {
    quiet.setLevel(null);
  }

  /** What a store showed: how it opened, what it held. */
  private record Outcome(@Nullable StoreException refusal, String content, String failures) {}

  /** The files of a store that was closed, and of one that was killed with its log in use. */
  private static List<BlockImage> images() {
    SimulatedDisk disk = new SimulatedDisk();
    BlockImage killed;
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      StoreLife.over(disk, new StoreLife.History(), opened, SEED).run(GROUPS);
      killed = disk.image();
    }
    return List.of(killed, disk.image());
  }

  private static SimulatedDisk damaged(BlockImage image, Set<Long> blocks, boolean unreadable) {
    BlockImage copy = image.copy();
    if (!unreadable) {
      blocks.forEach(block -> copy.zero(Blocks.offset(block), Blocks.BYTES));
    }
    SimulatedDisk disk = SimulatedDisk.of(copy);
    if (unreadable) {
      blocks.forEach(disk::makeUnreadable);
    }
    return disk;
  }

  private static Outcome open(SimulatedDisk disk) {
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      LocalBlobStore store = opened.store();
      List<String> failures = new ArrayList<>();
      String content = store.recoveryReport().lastEpoch() + contentOf(store, failures);
      long damaged = store.verify(VerifyListener.NONE).damaged();
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(StoreLife.id(0), MemorySegment.ofArray(new byte[5000]));
        epoch.commit();
      }
      return new Outcome(null, content + ", damaged=" + damaged, String.join("\n", failures));
    } catch (StoreException e) {
      return new Outcome(e, "refused", String.valueOf(e.getMessage()));
    }
  }

  private static Outcome look(SimulatedDisk disk) {
    try (ReadOnlyStore store = ReadOnlyStore.open("test", disk, StoreLife.CONFIG)) {
      List<String> failures = new ArrayList<>();
      StringBuilder content = new StringBuilder().append(store.epoch());
      for (int id = 0; id < StoreLife.IDS; id++) {
        try (BlobLease lease = store.get(StoreLife.id(id))) {
          content.append(lease == null ? " -" : " " + hash(lease.value()));
        } catch (TierUnavailableException e) {
          content.append(" remote"); // evicted, and nothing opens a tier here
        } catch (StoreException e) {
          content.append(" damaged");
          failures.add(String.valueOf(e.getMessage()));
        }
      }
      long damaged = store.verify(VerifyOptions.DEFAULTS, VerifyListener.NONE).damaged();
      return new Outcome(null, content + ", damaged=" + damaged, String.join("\n", failures));
    } catch (StoreException e) {
      return new Outcome(e, "refused", String.valueOf(e.getMessage()));
    }
  }

  private static String contentOf(BlobStore store, List<String> failures) {
    StringBuilder content = new StringBuilder();
    for (int i = 0; i < StoreLife.IDS; i++) {
      try (BlobLease lease = store.get(StoreLife.id(i))) {
        content.append(lease == null ? " -" : " " + hash(lease.value()));
      } catch (StoreException e) {
        assertThat(e).isInstanceOf(CorruptionException.class);
        assertThat(((CorruptionException) e).id()).isEqualTo(StoreLife.id(i));
        content.append(" damaged");
        failures.add(String.valueOf(e.getMessage()));
      }
    }
    return content.toString();
  }

  private static int hash(MemorySegment value) {
    return Arrays.hashCode(value.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
  }

  @Test
  void shouldCountAsZeroedWhicheverBlockItIs() {
    int blocks = 0;
    int opened = 0;
    int refused = 0;
    int damagedBlobs = 0;
    for (BlockImage image : images()) {
      for (long block = 0; block < image.size() / Blocks.BYTES; block++) {
        Set<Long> bad = Set.of(block);
        Outcome zeroed = open(damaged(image, bad, false));
        Outcome unreadable = open(damaged(image, bad, true));
        assertThat(unreadable.content()).as("block %d", block).isEqualTo(zeroed.content());
        Outcome looked = look(damaged(image, bad, true));
        assertThat(looked.content())
            .as("block %d, read-only", block)
            .isEqualTo(look(damaged(image, bad, false)).content());
        for (Outcome outcome : List.of(unreadable, looked)) {
          if (!outcome.failures().isEmpty()) {
            assertThat(outcome.failures()).contains("check the device").contains("EIO");
          }
          if (outcome.refusal() != null) {
            assertThat(outcome.refusal()).hasRootCauseInstanceOf(NativeException.class);
          }
        }
        blocks++;
        refused += unreadable.refusal() == null ? 0 : 1;
        opened += unreadable.refusal() == null ? 1 : 0;
        damagedBlobs += unreadable.refusal() == null && !unreadable.failures().isEmpty() ? 1 : 0;
      }
    }
    System.out.printf(
        "unreadable blocks: tried=%d, opened=%d (with a damaged blob=%d), refused=%d"
            + " (-Dtest.seed=%d)%n",
        blocks, opened, damagedBlobs, refused, SEED);
    assertThat(refused).isPositive();
    assertThat(damagedBlobs).isPositive();
  }

  /** Where several hide the end of the log, an open that is to write refuses; a look never does. */
  @Test
  void shouldLookAtMediaWithSeveralAsIfTheyWereZeroed() {
    SplittableRandom random = new SplittableRandom(SEED);
    List<BlockImage> images = images();
    int opened = 0;
    int guesses = 0;
    for (int set = 0; set < SETS; set++) {
      BlockImage image = images.get(set % images.size());
      Set<Long> bad = new TreeSet<>();
      int count = 2 + random.nextInt(7);
      long first = random.nextLong(image.size() / Blocks.BYTES - count);
      for (int i = 0; i < count; i++) {
        bad.add(set % 3 == 0 ? first + i : random.nextLong(image.size() / Blocks.BYTES));
      }
      assertThat(look(damaged(image, bad, true)).content())
          .as("%s", bad)
          .isEqualTo(look(damaged(image, bad, false)).content());
      Outcome unreadable = open(damaged(image, bad, true));
      StoreException refusal = unreadable.refusal();
      if (refusal == null || !String.valueOf(refusal.getMessage()).startsWith("the end of the")) {
        assertThat(unreadable.content())
            .as("%s", bad)
            .isEqualTo(open(damaged(image, bad, false)).content());
      } else {
        guesses++;
      }
      opened += refusal == null ? 1 : 0;
    }
    System.out.println(
        "sets of unreadable blocks: " + SETS + ", opened=" + opened + ", end unknown=" + guesses);
    assertThat(opened).isPositive();
  }

  @Test
  void shouldNotTakeALogOfWhichNothingCanBeReadForOneThatEnded() {
    ScriptedStore store = ScriptedStore.create();
    for (int i = 0; i < 4; i++) {
      store.commit(ScriptedStore.Change.put(i, 1));
    }
    BlockImage image = store.disk.image(); // the log extents are 2 to 9 and 10 to 17
    store.close();
    SimulatedDisk disk = SimulatedDisk.of(image);
    for (long block = 2; block < 18; block++) {
      disk.makeUnreadable(block);
    }
    assertThatThrownBy(() -> StoreLife.openOn(disk, SEED))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("the end of the log cannot be read: check the device")
        .hasMessageContaining("read-only");
    assertThat(disk.image()).as("nothing was written").isEqualTo(image);
  }

  @Test
  void shouldSayThatADeviceIsGoneRatherThanThatTheStoreIsDamaged() {
    BlockImage image = images().getLast();
    SimulatedDisk silent = SimulatedDisk.of(image);
    silent.fail(InjectedFailure.forever(Kind.READ, 0, Errno.EIO));
    assertThat(open(silent).refusal())
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("no superblock copy can be read: check the device")
        .hasRootCauseInstanceOf(NativeException.class);
    SimulatedDisk gone = SimulatedDisk.of(image);
    gone.fail(InjectedFailure.forever(Kind.READ, 1, Errno.ENODEV));
    assertThatThrownBy(() -> open(gone))
        .isInstanceOf(NativeException.class) // which a builder's open says in its own words
        .hasMessageContaining("ENODEV");
  }

  @Test
  void shouldRefuseToWriteWithoutBothSuperblockCopiesAndStillLook() { // L5
    BlockImage image = images().getLast();
    String content = look(SimulatedDisk.of(image)).content();
    for (long copy = 0; copy < 2; copy++) {
      SimulatedDisk disk = SimulatedDisk.of(image);
      disk.makeUnwritable(copy);
      assertThat(open(disk).refusal())
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("a superblock copy cannot be written")
          .hasMessageContaining("read-only")
          .hasRootCauseInstanceOf(NativeException.class);
      SimulatedDisk after = SimulatedDisk.of(disk.image());
      after.makeUnreadable(copy);
      assertThat(look(after).content()).isEqualTo(content);
    }
  }
}
