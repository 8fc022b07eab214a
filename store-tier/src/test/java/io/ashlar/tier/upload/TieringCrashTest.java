package io.ashlar.tier.upload;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.TierState;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.retry.RetryPolicy;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import io.ashlar.tier.restore.Restore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A request of a scripted workload fails, at every place where one can, in every way: once or from
 * there on, applied or not. Then the writer continues, or its process ends and the next one
 * continues. Whatever happens, every manifest that was committed stays restorable and holds what
 * the store held, and the tier ends with what the store ends with.
 */
@Tag("campaign")
class TieringCrashTest {
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(64 << 10);

  private static final StoreConfig SMALL =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(1 << 20);

  /** How long a fault lasts. */
  enum Lasting {
    ONCE,
    UNTIL_NOTICED
  }

  /** Which writer continues after a fault. */
  enum Next {
    SAME_WRITER,
    NEXT_PROCESS
  }

  @TempDir Path folder;

  private InMemoryObjectStore objects = new InMemoryObjectStore();
  private BlobModel model = new BlobModel();
  private final TreeMap<Long, BlobModel> committed = new TreeMap<>();
  private final AtomicInteger failures = new AtomicInteger();
  private boolean repeats;
  private @Nullable LocalBlobStore local;
  private @Nullable Tier tiered;
  private int folders;

  @BeforeEach
  void begin() {
    objects = new InMemoryObjectStore();
    model = new BlobModel();
    committed.clear();
    failures.set(0);
  }

  @AfterEach
  void end() {
    closeAll();
    objects.close();
  }

  private void closeAll() {
    if (tiered != null) {
      tiered.close();
    }
    if (local != null) {
      local.close();
    }
    tiered = null;
    local = null;
  }

  @ParameterizedTest
  @CsvSource({
    "NOT_APPLIED,ONCE,SAME_WRITER",
    "NOT_APPLIED,UNTIL_NOTICED,SAME_WRITER",
    "NOT_APPLIED,UNTIL_NOTICED,NEXT_PROCESS",
    "APPLIED_UNANSWERED,ONCE,SAME_WRITER",
    "APPLIED_UNANSWERED,UNTIL_NOTICED,SAME_WRITER",
    "APPLIED_UNANSWERED,UNTIL_NOTICED,NEXT_PROCESS"
  })
  void shouldKeepEveryManifestRestorableWhicheverWriteFails(
      Outcome outcome, Lasting lasting, Next next) throws Exception { // I1, I3
    int writes = 0;
    int noticed = 0;
    boolean reached = true;
    for (int at = 1; reached; at++) {
      begin();
      reached = runWithFault(at, outcome, lasting, next);
      writes = at;
      noticed += failures.get();
      closeAll();
    }
    System.out.println(
        "tier crash: outcome="
            + outcome
            + ", lasting="
            + lasting
            + ", next="
            + next
            + ", write requests failed="
            + (writes - 1)
            + ", passes that failed="
            + noticed);
    assertThat(writes).isGreaterThan(12);
    if (lasting == Lasting.ONCE) {
      assertThat(noticed).isZero();
    } else {
      assertThat(noticed).isGreaterThan(8);
    }
  }

  /** Runs the workload with a fault at one write; false if it has fewer writes. */
  private boolean runWithFault(int at, Outcome outcome, Lasting lasting, Next next)
      throws Exception {
    Path store = folder.resolve("store" + folders++);
    AtomicInteger writes = new AtomicInteger();
    FaultyObjectStore.Fault fault =
        (request, key) -> {
          boolean write = request.startsWith("put");
          int number = write ? writes.incrementAndGet() : writes.get();
          if (number == at && write) {
            return outcome;
          }
          // From there on the object store is down, for reads too.
          return lasting == Lasting.UNTIL_NOTICED && number >= at
              ? Outcome.NOT_APPLIED
              : Outcome.ANSWERED;
        };
    FaultyObjectStore faulty = new FaultyObjectStore(objects);
    faulty.fault(fault);
    repeats = lasting == Lasting.ONCE;
    for (int round = 0; round < 3; round++) {
      if (tiered == null) {
        open(store, faulty);
      }
      change(round);
      checkpoint(store, faulty, next);
    }
    assertEverythingRestorable();
    return writes.get() >= at;
  }

  /** The one layer that repeats requests; what lasts is to be noticed, so it is for single ones. */
  private static ObjectStore repeating(ObjectStore store) {
    return RetryingObjectStore.builder(store)
        .policy(new RetryPolicy(1, 2, 4, 10_000, 10_000, 10_000, 10_000))
        .build();
  }

  private void open(Path store, FaultyObjectStore faulty) {
    LocalBlobStore opened = local;
    if (opened == null) {
      opened = LocalBlobStore.builder(store).config(SMALL).open();
      local = opened;
    }
    for (int attempt = 0; ; attempt++) {
      try {
        tiered = Tier.builder(opened, repeats ? repeating(faulty) : faulty).config(MANUAL).open();
        return;
      } catch (TierUnavailableException e) {
        assertThat(attempt).isZero();
        failures.incrementAndGet();
        faulty.heal();
      }
    }
  }

  private void change(long round) {
    LocalBlobStore store = Objects.requireNonNull(local);
    model.putRange(store, round * 30, round * 30 + 40, round);
    if (round > 0) {
      model.delete(store, round * 7);
      model.delete(store, round * 30 + 5);
    }
  }

  private void checkpoint(Path store, FaultyObjectStore faulty, Next next) throws Exception {
    try {
      Objects.requireNonNull(tiered).checkpoint(TierProgress.NONE);
    } catch (TierUnavailableException e) {
      failures.incrementAndGet();
      if (!committed.isEmpty()) {
        try (ObjectStore then = asOf(committed.lastKey())) {
          assertRestores(then, committed.lastEntry().getValue());
        }
      }
      faulty.heal();
      if (next == Next.NEXT_PROCESS) {
        closeAll();
        open(store, faulty);
      }
      Objects.requireNonNull(tiered).checkpoint(TierProgress.NONE);
    }
    committed.put(latest().sequence(), model.copy());
  }

  private TierManifest latest() {
    return Objects.requireNonNull(new ManifestStore(objects).latest());
  }

  private void assertEverythingRestorable() throws IOException {
    for (Long sequence : committed.keySet()) {
      BlobModel expected = Objects.requireNonNull(committed.get(sequence));
      try (ObjectStore then = asOf(sequence)) {
        // As a restore reads it; into a store only the last, as making stores takes most of the
        // time.
        TierManifest manifest = Objects.requireNonNull(new ManifestStore(then).latest());
        assertThat(manifest.sequence()).isEqualTo(sequence);
        assertThat(expected.isExactly(TierState.at(then, manifest))).isTrue();
        if (sequence.equals(committed.lastKey())) {
          assertRestores(then, expected);
        }
      }
    }
  }

  /** The objects as they would be if the chain ended at a manifest. */
  private InMemoryObjectStore asOf(long sequence) throws IOException {
    InMemoryObjectStore then = new InMemoryObjectStore();
    for (ObjectInfo object : objects.listAll("").toList()) {
      if (TierKeys.manifestSequence(object.key()) <= sequence
          && !object.key().equals(TierKeys.LATEST)) {
        try (ObjectContent content = objects.get(object.key())) {
          then.put(object.key(), ObjectBody.of(content.stream().readAllBytes()));
        }
      }
    }
    return then;
  }

  private void assertRestores(ObjectStore from, BlobModel expected) throws IOException {
    Path target = Files.createDirectory(folder.resolve("restored" + folders++));
    try (LocalBlobStore store = LocalBlobStore.builder(target).config(SMALL).open()) {
      Restore.restore(from, store, TierProgress.NONE);
      expected.assertHeldBy(store);
    }
  }

  @Test
  void shouldSendTheSameManifestAgainWhenItsOutcomeIsUnknown() throws Exception { // I2
    FaultyObjectStore faulty = new FaultyObjectStore(objects);
    open(folder.resolve("a"), faulty);
    change(0);
    long batches = objects.listAll(TierKeys.BATCHES).count();
    faulty.fault((request, key) ->
        key.startsWith(TierKeys.MANIFESTS) && !request.equals("head")
            ? Outcome.NOT_APPLIED
            : Outcome.ANSWERED);
    Tier tier = Objects.requireNonNull(tiered);
    assertThat(failureOf(tier)).isInstanceOf(TierUnavailableException.class);
    long packed = objects.listAll(TierKeys.BATCHES).count();
    assertThat(packed).isGreaterThan(batches);
    faulty.heal();

    tier.checkpoint(TierProgress.NONE);

    assertThat(objects.listAll(TierKeys.BATCHES).count()).isEqualTo(packed);
    assertThat(latest().sequence()).isEqualTo(2);
    assertThat(latest().batches()).hasSize((int) packed);
    assertRestores(objects, model);
  }

  @Test
  void shouldCarryOnWhenTheObjectStoreIsDownForLong() throws Exception {
    FaultyObjectStore faulty = new FaultyObjectStore(objects);
    open(folder.resolve("a"), faulty);
    Tier tier = Objects.requireNonNull(tiered);
    faulty.fault((request, key) -> Outcome.NOT_APPLIED);
    for (int round = 0; round < 3; round++) {
      change(round);
      assertThat(failureOf(tier)).isInstanceOf(TierUnavailableException.class);
      model.assertHeldBy(Objects.requireNonNull(local));
      assertThat(tier.evict(id -> true)).isZero();
    }
    faulty.heal();
    tier.checkpoint(TierProgress.NONE);
    assertRestores(objects, model);
  }

  private static StoreException failureOf(Tier tier) {
    try {
      tier.checkpoint(TierProgress.NONE);
    } catch (StoreException e) {
      return e;
    }
    throw new AssertionError("the pass should have failed");
  }

  @Test
  void shouldEvictOnlyAfterTheManifestIsCommitted() throws Exception { // I5, E1
    FaultyObjectStore faulty = new FaultyObjectStore(objects);
    open(folder.resolve("a"), faulty);
    Tier tier = Objects.requireNonNull(tiered);
    change(0);
    faulty.fault((request, key) ->
        key.startsWith(TierKeys.MANIFESTS) && request.startsWith("put")
            ? Outcome.NOT_APPLIED
            : Outcome.ANSWERED);
    assertThat(failureOf(tier)).isInstanceOf(TierUnavailableException.class);
    assertThat(evictFails(tier)).isTrue();
    assertThat(Objects.requireNonNull(local).stats().evictedBlobs()).isZero();
    faulty.heal();
    assertThat(tier.evict(id -> true)).isEqualTo(39);
    List<String> requests = faulty.requests();
    assertThat(requests)
        .containsSubsequence("head " + TierKeys.manifest(3), "get " + TierKeys.BOUNDARY);
    model.assertHeldBy(Objects.requireNonNull(local));
  }

  private static boolean evictFails(Tier tier) {
    try {
      tier.evict(id -> true);
      return false;
    } catch (TierUnavailableException e) {
      return true;
    }
  }
}
