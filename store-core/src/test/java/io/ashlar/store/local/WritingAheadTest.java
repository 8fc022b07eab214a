package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.ashlar.store.AckListener;
import io.ashlar.store.Admission;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Campaign;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.VerifyListener;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Large epochs of a real store, which threads of its own write ahead of their commits. */
@Timeout(120)
class WritingAheadTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS.withPoolBytes(16 << 20).withInitialFileBytes(64 << 20);
  private static final int THREADS = 3;
  private static final int IDS = 40; // of each thread
  private static final int EPOCHS = Campaign.count("test.ahead.epochs", 120);
  private static final int VALUE_BYTES_MAX = 512 << 10;

  @TempDir Path folder;

  /** What one thread knows of its ids: the seed of each one's value, 0 if there is none. */
  private static final class Model {
    private final int thread;
    private final long[] seeds = new long[IDS];
    private final int[] lengths = new int[IDS];

    private Model(int thread) {
      this.thread = thread;
    }
  }

  /**
   * L26, G1, G13: whatever threads commit or give up meanwhile, what is durable is what was put.
   */
  @Test
  @Tag("campaign")
  void shouldKeepWhatIsCommittedWhileThreadsCommitAndGiveUp() throws Exception {
    long seed = Long.getLong("test.seed", System.nanoTime());
    System.out.println("WritingAheadTest: seed=" + seed);
    List<Model> models = new ArrayList<>();
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(CONFIG).open();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        Model model = new Model(t);
        models.add(model);
        SplittableRandom random = new SplittableRandom(seed + t);
        running.add(threads.submit(() -> live(store, model, random)));
      }
      for (Future<?> one : running) {
        one.get();
      }
      models.forEach(model -> check(store, model));
      assertThat(store.verify(new VerifyListener() {}).damaged()).isZero();
    }
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(CONFIG).open()) {
      models.forEach(model -> check(store, model));
      assertThat(store.verify(new VerifyListener() {}).damaged()).isZero();
    }
  }

  private static void live(LocalBlobStore store, Model model, SplittableRandom random) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(VALUE_BYTES_MAX, 4096);
      for (int e = 0; e < EPOCHS; e++) {
        long[] seeds = model.seeds.clone();
        int[] lengths = model.lengths.clone();
        try (Epoch epoch = store.beginEpoch()) {
          int puts = 1 + random.nextInt(10);
          for (int i = 0; i < puts; i++) {
            int id = random.nextInt(IDS);
            seeds[id] = random.nextLong() | 1;
            lengths[id] = 8 * (1 + random.nextInt(VALUE_BYTES_MAX / 8));
            put(epoch, new BlobId(model.thread, id), value.asSlice(0, lengths[id]), seeds[id], i);
          }
          int end = random.nextInt(4);
          if (end == 0) {
            continue; // given up, with writes ahead under way perhaps
          }
          if (end == 1) {
            epoch.commitAsync().join();
          } else {
            epoch.commit();
          }
          System.arraycopy(seeds, 0, model.seeds, 0, IDS);
          System.arraycopy(lengths, 0, model.lengths, 0, IDS);
        }
      }
    }
  }

  private static void put(Epoch epoch, BlobId id, MemorySegment value, long seed, int turn) {
    if (turn % 2 == 0) {
      fill(value, seed);
      epoch.put(id, value);
    } else {
      fill(epoch.claim(id, value.byteSize()), seed);
    }
  }

  private static void fill(MemorySegment value, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (long i = 0; i < value.byteSize(); i += 8) {
      value.set(ValueLayout.JAVA_LONG, i, random.nextLong());
    }
  }

  private static void check(LocalBlobStore store, Model model) {
    for (int id = 0; id < IDS; id++) {
      try (BlobLease lease = store.get(new BlobId(model.thread, id))) {
        if (model.seeds[id] == 0) {
          assertThat(lease).isNull();
        } else {
          assertThat(lease).isNotNull();
          assertThat(lease.value().byteSize()).isEqualTo(model.lengths[id]);
          SplittableRandom random = new SplittableRandom(model.seeds[id]);
          for (long i = 0; i < model.lengths[id]; i += 8) {
            if (lease.value().get(ValueLayout.JAVA_LONG, i) != random.nextLong()) {
              throw new AssertionError("thread=" + model.thread + ", id=" + id + ", offset=" + i);
            }
          }
        }
      }
    }
  }

  /** L22, G10: a store ends while an epoch that nobody ends has writes ahead under way. */
  @Test
  @Tag("campaign")
  void shouldCloseWhileAnEpochIsWrittenAhead() {
    for (int round = 0; round < 20; round++) {
      Epoch left;
      try (LocalBlobStore store = LocalBlobStore.builder(folder).config(CONFIG).open();
          Arena arena = Arena.ofConfined()) {
        MemorySegment value = arena.allocate(VALUE_BYTES_MAX, 4096);
        left = store.beginEpoch();
        for (int i = 0; i < 5; i++) {
          left.put(new BlobId(9, i), value);
        }
      }
      assertThatCode(left::close).doesNotThrowAnyException();
    }
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(CONFIG).open()) {
      assertThat(store.contains(new BlobId(9, 0))).isFalse();
      assertThat(store.verify(new VerifyListener() {}).damaged()).isZero();
    }
  }

  /** The form that never waits says so while a write ahead is under way, and goes on after it. */
  @Test
  void shouldCommitWithoutWaitingOnceItsWritesHaveEnded() throws Exception {
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(CONFIG).open();
        Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(VALUE_BYTES_MAX, 4096);
      fill(value, 7);
      var done = new CompletableFuture<Long>();
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = 0; i < 6; i++) {
          epoch.put(new BlobId(9, i), value);
        }
        var listener =
            new AckListener() {
              @Override
              public void onDurable(long e, int puts, int flushed, int deletes, int applied) {
                done.complete(e);
              }

              @Override
              public void onFailed(StoreException reason) {
                done.completeExceptionally(reason);
              }
            };
        while (epoch.tryCommit(listener) == Admission.BACK_PRESSURED) {
          Thread.onSpinWait();
        }
      }
      assertThat(done.get()).isEqualTo(store.durableEpoch());
      try (BlobLease lease = store.get(new BlobId(9, 0))) {
        assertThat(lease).isNotNull();
        assertThat(lease.value().mismatch(value)).isEqualTo(-1);
      }
    }
  }
}
