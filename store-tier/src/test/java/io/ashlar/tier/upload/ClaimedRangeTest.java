package io.ashlar.tier.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobStore;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.CheckpointReport;
import io.ashlar.tier.LossListener;
import io.ashlar.tier.RepairOptions;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.prefix.Allowed;
import io.ashlar.tier.prefix.MarkWait;
import io.ashlar.tier.restore.Restore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a manifest claims to hold: nothing that no durable mark covers, since a crash may undo it,
 * and no delete before the manifest is committed (I4, I5).
 */
@Timeout(60)
class ClaimedRangeTest {
  private static final RepairWatchers UNWATCHED =
      new RepairWatchers(TierProgress.NONE, LossListener.NONE);
  private static final Allowed NOTHING = new Allowed(false, false);
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(64 << 10);

  @TempDir Path folder;

  private final InMemoryObjectStore objects = new InMemoryObjectStore();
  private final TierObjects plain = new TierObjects(objects, null);
  private final BlobModel model = new BlobModel();
  private LocalBlobStore store;

  // Where the store's marks end, as far as the agent sees them.
  private volatile long sequenceMax = Long.MAX_VALUE;
  private volatile long epochMax = Long.MAX_VALUE;

  @BeforeEach
  void open() {
    store = local("store");
  }

  @AfterEach
  void close() {
    store.close();
  }

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20))
        .open();
  }

  /**
   * The store, whose marks stop where the test says, as those of a store on a full disk do. A wait
   * for them ends at once, as if its time had passed.
   */
  private Object heldBack() {
    return heldBack(store);
  }

  private Object heldBack(LocalBlobStore of) {
    return Proxy.newProxyInstance(
        TierSource.class.getClassLoader(),
        new Class<?>[] {BlobStore.class, TierSource.class},
        (proxy, method, arguments) -> {
          try {
            Object result = method.invoke(of, arguments);
            return switch (method.getName()) {
              case "markedSequence" ->
                  isWaitedFor() ? result : Math.min((long) result, sequenceMax);
              case "markedEpoch" -> isWaitedFor() ? result : Math.min((long) result, epochMax);
              default -> result;
            };
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        });
  }

  private static boolean isWaitedFor() {
    return StackWalker.getInstance()
        .walk(frames ->
            frames.anyMatch(frame -> frame.getClassName().equals(MarkWait.class.getName())));
  }

  private TierManifest latest() {
    return Objects.requireNonNull(new ManifestStore(objects).latest());
  }

  private void assertRestores(BlobModel expected, String name) {
    try (LocalBlobStore restored = local(name)) {
      Restore.restore(objects, restored, TierProgress.NONE);
      expected.assertHeldBy(restored);
    }
  }

  @Test
  void shouldLeaveWhatNoMarkCoversToTheNextPass() {
    Object source = heldBack();
    try (TieringAgent agent =
        TieringAgent.open((BlobStore) source, (TierSource) source, plain, MANUAL, NOTHING)) {
      model.putRange(store, 0, 20, 1);
      MarkWait.forEpoch((TierSource) store, store.durableEpoch());
      BlobModel marked = model.copy();
      epochMax = ((TierSource) store).markedEpoch();
      sequenceMax = ((TierSource) store).markedSequence();
      model.putRange(store, 20, 40, 2);
      long epoch = store.durableEpoch();

      assertThat(agent.checkpoint(TierProgress.NONE).blobs()).isEqualTo(20);
      assertThat(latest().lastRecordSequence()).isEqualTo(sequenceMax);
      assertThat(latest().lastEpoch()).isEqualTo(epochMax);
      assertThat(agent.tieredSequence()).isEqualTo(sequenceMax);
      assertThat(agent.tieredEpoch()).isEqualTo(epochMax).isLessThan(epoch);
      assertRestores(marked, "marked");
      // Nothing more is marked, so nothing more is done or said.
      assertThat(agent.checkpoint(TierProgress.NONE)).isEqualTo(CheckpointReport.NOTHING);
      assertThat(agent.tieredEpoch()).isEqualTo(epochMax);
      assertThat(agent.evict(id -> true)).isEqualTo(19); // one is empty

      epochMax = Long.MAX_VALUE;
      sequenceMax = Long.MAX_VALUE;
      assertThat(agent.checkpoint(TierProgress.NONE).blobs()).isEqualTo(20);
      assertThat(agent.tieredEpoch()).isGreaterThanOrEqualTo(epoch);
      assertRestores(model, "all");
    }
  }

  @Test
  void shouldNotRepairWithWhatNoMarkCovers() {
    Object source = heldBack();
    try (TieringAgent agent =
        TieringAgent.open((BlobStore) source, (TierSource) source, plain, MANUAL, NOTHING)) {
      model.putRange(store, 0, 20, 1);
      agent.checkpoint(TierProgress.NONE);
      epochMax = ((TierSource) store).markedEpoch();
      sequenceMax = ((TierSource) store).markedSequence();
      model.putRange(store, 20, 40, 2);
      assertThatThrownBy(() -> agent.repair(RepairOptions.DEFAULTS, UNWATCHED))
          .isInstanceOf(TierUnavailableException.class)
          .hasMessageContaining("does not mark its epochs");
      assertThat(latest().lastRecordSequence()).isLessThanOrEqualTo(sequenceMax);
      assertThat(latest().lastEpoch()).isLessThanOrEqualTo(epochMax);
    }
  }

  /** Otherwise it is not in the tier, and its tombstone is gone. */
  @Test
  void shouldKeepADeleteUntilItsManifestIsCommitted() {
    FaultyObjectStore faulty = new FaultyObjectStore(objects);
    TierObjects prefix = new TierObjects(faulty, null);
    try (TieringAgent agent =
        TieringAgent.open(store, (TierSource) store, prefix, MANUAL, NOTHING)) {
      model.putRange(store, 0, 20, 1);
      agent.checkpoint(TierProgress.NONE);
      model.delete(store, 7);
      for (String key : List.of(TierKeys.BATCHES, TierKeys.MANIFESTS)) {
        faulty.fault((request, asked) ->
            request.startsWith("put") && asked.startsWith(key)
                ? Outcome.NOT_APPLIED
                : Outcome.ANSWERED);
        assertThatThrownBy(() -> agent.checkpoint(TierProgress.NONE))
            .isInstanceOf(TierUnavailableException.class);
        assertThat(store.stats().tombstones()).isEqualTo(1);
      }
      faulty.heal();
      agent.checkpoint(TierProgress.NONE);
      assertThat(store.stats().tombstones()).isZero();
      assertRestores(model, "restored");
    }
  }

  /** A store that takes over says what it holds; what it deletes right then is kept in mind. */
  @Test
  void shouldUploadADeleteThatWasMadeWhileAPrefixWasAdopted() {
    try (TieringAgent agent =
        TieringAgent.open(store, (TierSource) store, plain, MANUAL, NOTHING)) {
      model.putRange(store, 0, 20, 1);
      agent.checkpoint(TierProgress.NONE);
    }
    LocalBlobStore next = local("next");
    Restore.restore(objects, next, TierProgress.NONE);
    AtomicInteger comparisons = new AtomicInteger();
    Object source =
        Proxy.newProxyInstance(
            TierSource.class.getClassLoader(),
            new Class<?>[] {BlobStore.class, TierSource.class},
            (proxy, method, arguments) -> {
              try {
                Object result = method.invoke(next, arguments);
                // After the second comparison, which is the last.
                if (method.getName().equals("forEachChange")
                    && comparisons.incrementAndGet() == 2) {
                  model.delete(next, 7);
                }
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
    try (next;
        TieringAgent agent =
            TieringAgent.open(
                (BlobStore) source, (TierSource) source, plain, MANUAL, new Allowed(true, false))) {
      assertThat(comparisons).hasValue(2);
      assertThat(agent.checkpoint(TierProgress.NONE).deletes()).isEqualTo(1);
      assertRestores(model, "restored");
    }
  }

  /** What changed since the mark is not compared: the next pass uploads it. */
  @Test
  void shouldAdoptAPrefixThoughThereAreChangesThatNoMarkCovers() {
    try (TieringAgent agent =
        TieringAgent.open(store, (TierSource) store, plain, MANUAL, NOTHING)) {
      model.putRange(store, 0, 20, 1);
      agent.checkpoint(TierProgress.NONE);
    }
    try (LocalBlobStore next = local("next")) {
      Restore.restore(objects, next, TierProgress.NONE);
    }
    try (LocalBlobStore next = local("next")) { // closing has marked all of it
      sequenceMax = ((TierSource) next).markedSequence();
      epochMax = ((TierSource) next).markedEpoch();
      model.put(next, 3, 99, 1000);
      model.put(next, 999, 99, 1000);
      Object source = heldBack(next);
      try (TieringAgent agent =
          TieringAgent.open(
              (BlobStore) source, (TierSource) source, plain, MANUAL, new Allowed(true, false))) {
        sequenceMax = Long.MAX_VALUE;
        epochMax = Long.MAX_VALUE;
        agent.checkpoint(TierProgress.NONE);
      }
      assertRestores(model, "restored");
    }
  }

  @Test
  void shouldNeverLetTheMarkOfWhatIsTieredFall() {
    TieredMark mark = new TieredMark();
    mark.advance(5);
    mark.advance(3);
    assertThat(mark.epoch()).isEqualTo(5);
    mark.await(5);
  }

  /** A mark is a record itself, which no mark covers: if it is lost, the file ends before it. */
  @Test
  void shouldNotClaimTheRecordOfAMark() {
    try (TieringAgent agent =
        TieringAgent.open(store, (TierSource) store, plain, MANUAL, NOTHING)) {
      model.putRange(store, 0, 20, 1);
      MarkWait.forEpoch((TierSource) store, store.durableEpoch());
      agent.checkpoint(TierProgress.NONE);
      assertMarked();
      var _ = agent.repair(RepairOptions.DEFAULTS, UNWATCHED);
      assertThat(latest().isBase()).isTrue();
      assertMarked();
    }
  }

  private void assertMarked() {
    assertThat(store.stats().sequence()).isGreaterThan(((TierSource) store).markedSequence());
    assertThat(latest().lastRecordSequence()).isEqualTo(((TierSource) store).markedSequence());
  }
}
