package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.AckListener;
import io.ashlar.store.Admission;
import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.CommitReport;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a listener may do, and that what would wait for itself is refused and hangs nobody (G10).
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CallsOfListenersTest {

  private static final BlobId ID = new BlobId(0, 1);
  private static final MemorySegment VALUE = Arena.ofAuto().allocate(5000).fill((byte) 5);
  private static final StoreConfig SMALL =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);

  private static final BatchVisitor NOBODY =
      new BatchVisitor() {
        @Override
        public void onBlob(int index, BlobId id, MemorySegment value) {}

        @Override
        public void onMissing(int index, BlobId id) {}

        @Override
        public void onFailed(int index, BlobId id, StoreException failure) {}
      };

  @TempDir Path folder;
  private LocalBlobStore store;

  /** Runs something once an epoch is durable, and says how that ended. */
  private static final class Calling implements AckListener {
    private final Runnable call;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    Calling(Runnable call) {
      this.call = call;
    }

    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      try {
        call.run();
        ended.complete(null);
      } catch (RuntimeException | Error e) {
        ended.completeExceptionally(e);
        throw e;
      }
    }

    @Override
    public void onFailed(StoreException failure) {
      ended.completeExceptionally(failure);
    }
  }

  @BeforeEach
  void open() {
    open(SMALL);
  }

  /**
   * Opens the store without checks, which would refuse an epoch to a thread that did not begin it.
   */
  private void open(StoreConfig config) {
    String checks = System.setProperty("ashlar.checks", "false");
    try {
      store = LocalBlobStore.builder(folder).config(config).open();
    } finally {
      System.setProperty("ashlar.checks", checks == null ? "false" : checks);
    }
  }

  @Test
  void shouldNotWaitForRoomInTheQueue() {
    store.close();
    StoreConfig patient = SMALL.withQueueCapacity(2).withBackPressureTimeoutMs(86_400_000);
    open(patient);
    List<CompletableFuture<CommitReport>> queued = new ArrayList<>();
    try (Epoch left = filled(9)) {
      callFromListener(() -> {
        queued.add(filled(2).commitAsync());
        queued.add(filled(3).commitAsync());
        assertThatThrownBy(left::commitAsync).isInstanceOf(BackPressureTimeoutException.class);
      });
      queued.forEach(CompletableFuture::join);
      assertThat(left.commit()).isEqualTo(4);
    }
    store.close();
  }

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldNotWaitForAStageOfACommitThatIsNotDone() {
    callFromListener(() -> {
      CompletableFuture<Long> stage = filled(2).commitAsync().thenApply(CommitReport::epoch);
      assertThatThrownBy(stage::join).isInstanceOf(IllegalStateException.class);
    });
    store.close();
  }

  private Epoch filled(long low) {
    Epoch epoch = store.beginEpoch();
    epoch.put(new BlobId(0, low), VALUE);
    return epoch;
  }

  private void callFromListener(Runnable call) {
    Calling calling = new Calling(call);
    filled(1).commit(calling);
    calling.ended.join();
  }

  private static void assertRefused(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("called by a callback");
  }

  @Test
  void shouldRefuseWhatWouldWaitForTheListenerItself() {
    try (Epoch open = filled(2);
        Epoch streaming = store.beginEpoch()) {
      streaming.put(new BlobId(0, 3), Arena.ofAuto().allocate(9 << 20)); // holds an extent
      callFromListener(() -> {
        assertRefused(open::commit);
        assertRefused(streaming::close);
        assertRefused(() -> store.awaitDurable(store.durableEpoch() + 1));
        assertRefused(store::snapshot);
        assertRefused(() -> store.verify(VerifyListener.NONE));
        assertRefused(() -> store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE));
        assertRefused(() -> open.put(ID, Arena.ofAuto().allocate(9 << 20)));
        assertRefused(store::close);
      });
      assertThat(open.operationCount()).isEqualTo(1);
      assertThat(open.commit()).isEqualTo(2);
    }
    assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    store.close();
  }

  @Test
  void shouldRefuseItInAStageOfAFutureToo() {
    // A stage whose future is done already runs on this thread, which may wait.
    CompletableFuture<Throwable> refusal = new CompletableFuture<>();
    callFromListener(() -> {
      var _ =
          filled(2)
              .commitAsync()
              .thenAccept(report -> filled(3).commit())
              .whenComplete((done, failure) -> refusal.complete(failure));
    });
    assertThat(refusal.join())
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("called by a callback");
    store.close();
  }

  @Test
  void shouldAllowWhatDoesNotWait() {
    CompletableFuture<Void> second = new CompletableFuture<>();
    callFromListener(() -> {
      store.awaitDurable(store.durableEpoch());
      assertThat(store.get(ID, Arena.ofAuto().allocate(5000))).isEqualTo(5000);
      assertThat(store.stats().blobs()).isEqualTo(1);
      assertThat(filled(2).tryCommit(new Calling(() -> second.complete(null))))
          .isEqualTo(Admission.ACCEPTED);
      var _ = filled(3).commitAsync();
      try (Epoch given = filled(4)) {
        assertThat(given.operationCount()).isEqualTo(1);
      }
    });
    second.join();
    store.awaitDurable(3);
    store.close();
  }

  @Test
  void shouldRefuseToWaitForTheThreadThatReadsOnIt() {
    assertThat(filled(1).commit()).isEqualTo(1);
    CompletableFuture<Void> ended = new CompletableFuture<>();
    store.getAsync(
        ID,
        Arena.ofAuto().allocate(5000),
        new ReadListener() {
          @Override
          public void onRead(BlobId id, long length) {
            try {
              assertRefused(store::close);
              assertRefused(() -> store.getAll(List.of(ID), NOBODY));
              ended.complete(null);
            } catch (RuntimeException | Error e) {
              ended.completeExceptionally(e);
            }
          }

          @Override
          public void onFailed(BlobId id, RuntimeException failure) {
            ended.completeExceptionally(failure);
          }
        });
    ended.join();
    store.close();
  }
}
