package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.AckListener;
import io.ashlar.store.Admission;
import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CommitReport;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.SimulatedDisk;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random orders of put, claim, delete, finish and the forms of commit, of two epochs that are open
 * at once, on few ids and with lengths from nothing to more than a buffer holds: what is durable is
 * what a model says (G1, G4, G13).
 */
@Timeout(120)
class ClaimsModelTest {

  private static final int STEPS = Integer.getInteger("claims.steps", 600);
  private static final int SIMULATED_STEPS_MAX = 2000; // such a disk keeps all that was written
  private static final int IDS = 5; // of each epoch
  private static final long STREAMED_BYTES_MAX = 3 << 20;

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(16 << 20)
          .withGroupBytesMax(512 << 10)
          .withQueueCapacity(2)
          .withBackPressureTimeoutMs(1);

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);
  private final Arena arena = Arena.ofAuto();
  private final MemorySegment expected = arena.allocate(STREAMED_BYTES_MAX, 4096);
  private final MemorySegment actual = arena.allocate(STREAMED_BYTES_MAX, 4096);
  private final Map<Integer, Content> committed = new HashMap<>();
  private boolean driven; // the test does the I/O thread's work
  private int commits;
  private int refusals;

  @TempDir Path folder;

  /** The bytes of a blob: they follow from a seed, which changes while a claim is open. */
  private static final class Content {
    private final long length;
    private long seed;

    private Content(long length, long seed) {
      this.length = length;
      this.seed = seed;
    }

    MemorySegment writeTo(MemorySegment target) {
      target.fill((byte) seed);
      for (long offset = 0; offset + Long.BYTES <= target.byteSize(); offset += 1000) {
        target.set(ValueLayout.JAVA_LONG_UNALIGNED, offset, seed + offset);
      }
      return target;
    }
  }

  /** A claim that is open. */
  private record OpenClaim(MemorySegment memory, Content content) {}

  /** A future of a commit in the form that never waits. */
  private static final class Durable extends CompletableFuture<Long> implements AckListener {
    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      complete(epoch);
    }

    @Override
    public void onFailed(StoreException reason) {
      completeExceptionally(reason);
    }
  }

  /** One of the epochs that are open at once, and what it would leave. */
  private static final class Filling {
    private final Epoch epoch;
    private final int firstId;
    private final Map<Integer, @Nullable Content> changes = new HashMap<>();
    private final List<OpenClaim> open = new ArrayList<>();

    private Filling(Epoch epoch, int firstId) {
      this.epoch = epoch;
      this.firstId = firstId;
    }

    void begin() {
      changes.clear();
      open.clear();
      epoch.begin();
    }
  }

  @Test
  void shouldHoldWhatTheModelSaysOnASimulatedDisk() throws IOException {
    driven = true;
    live(
        StoreOpening.open("t", new SimulatedDisk(), CONFIG, HostileFiles.environment(false)),
        Math.min(STEPS, SIMULATED_STEPS_MAX));
  }

  @Test
  void shouldHoldWhatTheModelSaysInAFile() throws IOException {
    live((DataFileStore) LocalBlobStore.builder(folder).config(CONFIG).open(), STEPS);
    checkReopened();
  }

  /** Without checks claims are filled where they lie. */
  @Test
  void shouldHoldWhatTheModelSaysInAFileWithoutChecks() throws IOException {
    String checks = System.setProperty("ashlar.checks", "false");
    try {
      live((DataFileStore) LocalBlobStore.builder(folder).config(CONFIG).open(), STEPS);
    } finally {
      System.setProperty("ashlar.checks", checks == null ? "false" : checks);
    }
    checkReopened();
  }

  private void checkReopened() {
    try (DataFileStore store =
        (DataFileStore) LocalBlobStore.builder(folder).config(CONFIG).open()) {
      checkAll(store);
    }
  }

  private void live(DataFileStore opened, int steps) throws IOException {
    System.out.println("ClaimsModelTest: seed=" + seed);
    try (DataFileStore store = opened) {
      List<Filling> epochs = List.of(filling(store, 0), filling(store, IDS));
      for (int step = 0; step < steps; step++) {
        Filling filling = epochs.get(random.nextInt(2));
        try {
          step(store, filling);
        } catch (BackPressureTimeoutException | IllegalArgumentException e) {
          assertThat(e.getMessage())
              .containsAnyOf("no buffer", "claims have reached", "claims held");
          refusals++;
          filling.epoch.close();
          filling.begin();
        }
      }
      epochs.forEach(filling -> filling.epoch.close());
      checkAll(store);
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
    System.out.printf("claims: %d commits, %d refusals%n", commits, refusals);
    assertThat(commits).isGreaterThan(steps / 30);
  }

  private static Filling filling(DataFileStore store, int firstId) {
    return new Filling(store.beginEpoch(), firstId);
  }

  private void step(DataFileStore store, Filling filling) throws IOException {
    Epoch epoch = filling.epoch;
    int id = filling.firstId + random.nextInt(IDS);
    switch (random.nextInt(18)) {
      case 0, 1, 2 -> put(epoch, filling, id);
      case 3, 4, 5, 6 -> {
        Content content = content(store.claimBytesMax());
        opened(filling, id, epoch.claim(id(id), content.length), content);
      }
      case 7, 8 -> {
        Content content = content(store.claimBytesMax());
        MemorySegment claim = epoch.tryClaim(id(id), content.length);
        if (claim != null) {
          opened(filling, id, claim, content);
        }
      }
      case 9 -> {
        epoch.delete(id(id));
        filling.changes.put(id, null);
      }
      case 10, 11, 12 -> {
        if (!filling.open.isEmpty()) {
          epoch.finish(filling.open.remove(random.nextInt(filling.open.size())).memory());
        }
      }
      case 13, 14 -> {
        if (!filling.open.isEmpty()) {
          refill(filling.open.get(random.nextInt(filling.open.size())));
        }
      }
      default -> end(store, filling);
    }
  }

  private void put(Epoch epoch, Filling filling, int id) throws IOException {
    boolean streams = random.nextInt(12) == 0;
    Content content = content(streams ? STREAMED_BYTES_MAX : 1 << 20);
    MemorySegment value = content.writeTo(expected.asSlice(0, content.length));
    switch (random.nextInt(4)) {
      case 0 -> {
        byte[] bytes = value.toArray(ValueLayout.JAVA_BYTE);
        epoch.put(id(id), Channels.newChannel(new ByteArrayInputStream(bytes)), bytes.length);
      }
      case 1 -> {
        if (content.length <= 1 << 20 && epoch.tryPut(id(id), value) != Admission.ACCEPTED) {
          return;
        } else if (content.length > 1 << 20) {
          epoch.put(id(id), value);
        }
      }
      default -> epoch.put(id(id), value);
    }
    filling.changes.put(id, content);
  }

  private void opened(Filling filling, int id, MemorySegment memory, Content content) {
    OpenClaim claim = new OpenClaim(memory, content);
    if (content.length > 0) {
      filling.open.add(claim);
      refill(claim);
    }
    filling.changes.put(id, content);
  }

  private void refill(OpenClaim claim) {
    claim.content.seed = random.nextLong();
    var _ = claim.content.writeTo(claim.memory);
  }

  private Content content(long lengthMax) {
    long length =
        switch (random.nextInt(12)) {
          case 0 -> 0;
          case 1 -> 1;
          case 2 -> 4096;
          case 3 -> lengthMax;
          case 4 -> lengthMax - 1;
          case 5 -> random.nextLong(lengthMax);
          case 6, 7 -> random.nextInt(200_000);
          default -> random.nextInt(20_000);
        };
    return new Content(length, random.nextLong());
  }

  private void end(DataFileStore store, Filling filling) {
    if (random.nextInt(6) == 0) {
      filling.epoch.close();
    } else if (commit(store, filling.epoch)) {
      commits++;
      filling.changes.forEach((id, content) -> {
        if (content == null) {
          committed.remove(id);
        } else {
          committed.put(id, content);
        }
      });
      filling.changes.keySet().forEach(id -> check(store, id));
    } else {
      return; // it is still open, and is filled further
    }
    filling.begin();
  }

  /** Commits in one of the forms; returns false when that was refused. */
  private boolean commit(DataFileStore store, Epoch epoch) {
    CompletableFuture<?> durable;
    switch (random.nextInt(3)) {
      case 0 -> {
        epoch.commit();
        return true;
      }
      case 1 -> durable = epoch.commitAsync();
      default -> {
        boolean full = random.nextBoolean();
        List<CompletableFuture<CommitReport>> others = full ? fillQueue(store) : List.of();
        Durable listener = new Durable();
        Admission admission = epoch.tryCommit(listener);
        others.forEach(other -> await(store, other));
        if (admission == Admission.BACK_PRESSURED) {
          return false;
        }
        durable = listener;
      }
    }
    await(store, durable);
    return true;
  }

  private static List<CompletableFuture<CommitReport>> fillQueue(DataFileStore store) {
    List<CompletableFuture<CommitReport>> queued = new ArrayList<>();
    try (Epoch other = store.beginEpoch()) {
      for (int i = 0; i < 2; i++) {
        if (i > 0) {
          other.begin();
        }
        other.delete(id(1000));
        queued.add(other.commitAsync());
      }
    } catch (BackPressureTimeoutException e) {
      // full before
    }
    return queued;
  }

  private void await(DataFileStore store, CompletableFuture<?> durable) {
    if (driven) {
      store.doWork();
    }
    durable.join();
  }

  private void checkAll(DataFileStore store) {
    for (int id = 0; id < 2 * IDS; id++) {
      check(store, id);
    }
    assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
  }

  private void check(DataFileStore store, int id) {
    Content content = committed.get(id);
    long length = store.get(id(id), actual);
    if (content == null) {
      assertThat(length).as("seed %d, id %d", seed, id).isEqualTo(BlobStore.NOT_FOUND);
      return;
    }
    assertThat(length).as("seed %d, id %d", seed, id).isEqualTo(content.length);
    MemorySegment wanted = content.writeTo(expected.asSlice(0, length));
    assertThat(wanted.mismatch(actual.asSlice(0, length)))
        .as("seed %d, id %d", seed, id)
        .isEqualTo(-1);
  }

  private static BlobId id(int number) {
    return new BlobId(1, number);
  }
}
