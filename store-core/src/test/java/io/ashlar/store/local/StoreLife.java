package io.ashlar.store.local;

import io.ashlar.store.AckListener;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.SnapshotEndedException;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.SuperblockFormat;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.ManifestNotes;
import io.ashlar.store.spi.ManifestNotes.Note;
import io.ashlar.store.vacuum.Vacuum;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One life of a store on a simulated disk: opened, given random epochs, closed or left at a crash;
 * with a model of what every epoch left behind. Runs on one thread, so a seed gives the same life
 * again.
 */
final class StoreLife {

  static final int IDS = 14;

  static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(256 << 10)
          .withGrowthBytesMin(64 << 10)
          .withLogExtentBytesMax(64 << 10)
          .withCheckpointLogBytesMin(64 << 10)
          .withGroupBytesMax(64 << 10)
          .withSnapshotEntriesMax(24);

  /** A blob's content: bytes drawn from a seed. */
  record Value(long seed, int length) {
    byte[] bytes() {
      byte[] bytes = new byte[length];
      new SplittableRandom(seed).nextBytes(bytes);
      return bytes;
    }
  }

  /** The disk has got to know of this epoch. */
  record Begun(long epoch) {}

  /** The epoch's owner was told that it is durable. */
  record Acked(long epoch) {}

  /** The disk has got to know of these notes of manifests. */
  record NoteBegun(ManifestNotes notes) {}

  /** These notes are durable: their manifest may be sent. */
  record NoteAcked(ManifestNotes notes) {}

  /** What the store held after each epoch; the index is the epoch. */
  static final class History {
    final List<Map<Integer, Value>> states = new ArrayList<>();
    final NavigableSet<Long> groupEnds = new TreeSet<>();

    History() {
      states.add(Map.of());
      groupEnds.add(0L);
    }

    /** Returns the part of this history up to an epoch. */
    History upTo(long epoch) {
      History part = new History();
      part.states.clear();
      part.states.addAll(states.subList(0, (int) epoch + 1));
      part.groupEnds.addAll(groupEnds.headSet(epoch, true));
      return part;
    }
  }

  private static final int SNAPSHOTS_MAX = 4;

  /** A claim that is open, and what it shall hold. */
  private record Claimed(MemorySegment memory, Value value) {
    void fill() {
      memory.copyFrom(MemorySegment.ofArray(value.bytes()));
    }
  }

  /** A snapshot that is held open, and what it must show. */
  private record Held(Snapshot snapshot, Map<Integer, Value> state) {}

  final SimulatedDisk disk;
  final History history;
  final DataFileStore store;
  private final SplittableRandom random;
  private final SplittableRandom snapshotChoice;
  private final SplittableRandom noteChoice;
  private final SplittableRandom claimChoice;
  private final int snapshotsMax;
  private final Opened opened;
  private final WriteGuard guard;
  private final List<Held> held = new ArrayList<>();
  private final List<Claimed> claims = new ArrayList<>(); // open ones of the epoch being filled
  private long lastGroup = -1;
  private @Nullable StoreException failed;
  private long acknowledged;
  private @Nullable Vacuum vacuum;

  private StoreLife(SimulatedDisk disk, History history, Opened opened, long seed) {
    this.disk = disk;
    this.history = history;
    this.opened = opened;
    this.store = opened.store();
    random = new SplittableRandom(seed);
    snapshotChoice = new SplittableRandom(~seed); // apart, so that it does not change the epochs
    noteChoice = new SplittableRandom(seed + 1); // apart, too
    claimChoice = new SplittableRandom(seed + 2); // apart, as well
    snapshotsMax = snapshotChoice.nextBoolean() ? SNAPSHOTS_MAX : 0;
    guard = new WriteGuard(disk, store);
  }

  /** A store whose clock and background steps a test drives. */
  record Opened(DataFileStore store, AtomicLong clockNs, Deque<Runnable> steps)
      implements AutoCloseable {

    /** Runs background steps until none is left. */
    void runSteps() {
      for (Runnable step = steps.poll(); step != null; step = steps.poll()) {
        step.run();
      }
    }

    @Override
    public void close() {
      runSteps();
      store.close();
    }
  }

  static Opened openOn(Disk disk, long seed) {
    return openOn(disk, CONFIG, seed);
  }

  /** Opens what a crash has left, which may be less than a store. */
  static Opened openAfterCrash(Disk disk, long seed) {
    beginAgainIfUnfinished(disk);
    return openOn(disk, CONFIG, seed);
  }

  static Opened openOn(Disk disk, StoreConfig config, long seed) {
    SplittableRandom ids = new SplittableRandom(seed);
    AtomicLong clockNs = new AtomicLong();
    Deque<Runnable> steps = new ArrayDeque<>();
    DataFileStore store =
        StoreOpening.open(
            "simulated",
            disk,
            config,
            new StoreEnvironment(
                ids::nextLong, () -> 1_000_000L, clockNs::get, Runnable::run, steps::add, false));
    store.attachReadBack(StoreLife::readBack);
    return new Opened(store, clockNs, steps);
  }

  /**
   * Empties a file in which the making of a store was cut short: a real one would still have
   * another name, and the open would find none. It holds zeroes, and perhaps some of superblock
   * copy 0.
   */
  private static void beginAgainIfUnfinished(Disk disk) {
    long bytes = disk.size();
    if (bytes == 0 || bytes > CONFIG.initialFileBytes()) {
      return;
    }
    try (NativeMemory memory = NativeMemory.allocate(CONFIG.initialFileBytes())) {
      MemorySegment all = memory.segment();
      long _ = disk.read(all, 0);
      boolean begun = SuperblockFormat.decode(all.asSlice(0, Blocks.BYTES), 0) != null;
      if (!begun && SuperblockFormat.isBlank(all.asSlice(Blocks.BYTES))) {
        disk.truncate(0);
      }
    }
  }

  /** A tier that needs no memory: a blob's cold reference says of which bytes it was made. */
  private static void readBack(BlobId id, ColdReference reference, MemorySegment target) {
    byte[] bytes = new Value(reference.first(), (int) reference.second()).bytes();
    target.copyFrom(MemorySegment.ofArray(bytes));
  }

  /** Goes on with a store whose past is {@code history}; what it kept must have been checked. */
  static StoreLife over(SimulatedDisk disk, History history, Opened opened, long seed) {
    return new StoreLife(disk, history, opened, seed);
  }

  static BlobId id(int n) {
    return new BlobId(n * 0x9e37_79b9_7f4a_7c15L, n);
  }

  /** Commits some groups; {@code groups} is how many times the I/O thread's work is done. */
  void run(int groups) {
    try {
      runGroups(groups);
    } finally {
      endVacuum();
    }
  }

  private void runGroups(int groups) {
    for (int i = 0; i < groups; i++) {
      int epochs = 1 + random.nextInt(5);
      if (random.nextInt(4) == 0) {
        epochs = 1;
      }
      if (epochs == 1 && random.nextBoolean()) {
        commitHere();
      } else {
        commitGroup(epochs);
      }
      guard.check();
      noteSometimes();
      store.setBulkLoad(snapshotChoice.nextInt(4) == 0);
      useSnapshots();
      stepSometimes();
      vacuumSometimes();
      if (random.nextInt(4) == 0) {
        opened.clockNs().addAndGet(1_000_000_000L); // long enough for a mark (L31)
        var _ = store.doWork();
      }
      guard.check();
    }
    checkSnapshots();
  }

  /** Opens, reads and closes snapshots at random; some stay open until the store is closed. */
  private void useSnapshots() {
    if (!held.isEmpty() && snapshotChoice.nextInt(3) == 0) {
      checkSnapshots();
    }
    if (!held.isEmpty() && snapshotChoice.nextInt(3) == 0) {
      held.remove(snapshotChoice.nextInt(held.size())).snapshot().close();
    }
    if (held.size() < snapshotsMax && snapshotChoice.nextInt(3) == 0) {
      Snapshot snapshot = store.snapshot();
      if (snapshot.epoch() != history.states.size() - 1L) {
        throw new AssertionError("a snapshot of epoch " + snapshot.epoch() + " was taken");
      }
      held.add(new Held(snapshot, history.states.getLast()));
    }
  }

  private void checkSnapshots() {
    held.removeIf(one -> {
      try {
        String wrong = difference(one.snapshot(), one.state());
        if (wrong != null) {
          throw new AssertionError("snapshot of epoch " + one.snapshot().epoch() + ": " + wrong);
        }
        return false;
      } catch (SnapshotEndedException e) { // the oldest, when too many entries are kept
        one.snapshot().close();
        return true;
      }
    });
  }

  /** Returns what is wrong with what a snapshot shows, compared with an epoch's state, or null. */
  private static @Nullable String difference(Snapshot snapshot, Map<Integer, Value> state) {
    for (int i = 0; i < IDS; i++) {
      Value expected = state.get(i);
      try (BlobLease lease = snapshot.get(id(i))) {
        if (expected == null ? lease != null : lease == null) {
          return "id " + i + (lease == null ? " is missing" : " should not be there");
        }
        if (lease != null
            && expected != null
            && lease.value().mismatch(MemorySegment.ofArray(expected.bytes())) >= 0) {
          return "id " + i + " has other bytes";
        }
      }
    }
    Map<Integer, Long> visited = new HashMap<>();
    snapshot.forEach(
        (idHigh, idLow, length, local) -> visited.merge((int) idLow, length, Long::sum));
    Map<Integer, Long> lengths = new HashMap<>();
    state.forEach((id, value) -> lengths.put(id, (long) value.length()));
    return visited.equals(lengths) ? null : "visited " + visited + ", not " + lengths;
  }

  /**
   * Commits groups of one epoch each on a disk that may fail. An epoch that finds no space is
   * forgotten by the model, and the life goes on (G7); any other failure ends it.
   *
   * @return the failure that ended it, or null.
   */
  @Nullable StoreException runUntilFailure(int groups) {
    try {
      return runGroupsUntilFailure(groups);
    } finally {
      endVacuum();
    }
  }

  private @Nullable StoreException runGroupsUntilFailure(int groups) {
    for (int i = 0; i < groups; i++) {
      try {
        if (random.nextBoolean()) {
          commitHere();
        } else {
          commitGroup(1);
        }
        noteSometimes();
        useSnapshots();
        stepSometimes();
        if (!store.stats().failed()) {
          vacuumSometimes();
        }
      } catch (StorageFullException e) {
        failed = null;
        history.states.removeLast();
      } catch (StoreException e) {
        return e;
      }
    }
    return null;
  }

  /** Lets an index checkpoint that is being written go on, or not, between two groups. */
  private void stepSometimes() {
    while (!opened.steps().isEmpty() && random.nextInt(3) > 0) {
      opened.steps().remove().run();
    }
    if (random.nextInt(6) == 0 && !store.stats().failed()) {
      tierSometimes();
    }
  }

  /** Notes a manifest that a tier would send, or that the last one sent is in its chain. */
  private void noteSometimes() {
    if (noteChoice.nextInt(8) > 0) {
      return;
    }
    boolean settle = noteChoice.nextBoolean();
    UUID putId = new UUID(noteChoice.nextLong(), noteChoice.nextLong());
    store.noteManifests(notes -> {
      Note last = notes.sent().isEmpty() ? notes.settled() : notes.sent().getLast();
      ManifestNotes next =
          settle && last != null
              ? notes.settled(last)
              : notes.sending(last, new Note(notes.sequenceMax() + 1, putId));
      disk.mark(new NoteBegun(next));
      return next;
    });
    disk.mark(new NoteAcked(store.manifestNotes()));
  }

  /** Does what a tier does: keeps tombstones from now on, drops old ones, evicts a blob. */
  private void tierSometimes() {
    if (random.nextInt(4) == 0) {
      store.markTiered();
      store.dropTombstones(store.markedSequence() / 2);
    }
    List<BlobChange> stored = new ArrayList<>();
    store.forEachChange(
        0,
        Long.MAX_VALUE,
        change -> {
          if (change.kind() == BlobChange.Kind.STORED) {
            stored.add(change);
          }
        });
    if (stored.isEmpty()) {
      return;
    }
    stored.sort(Comparator.comparingLong(change -> change.id().low()));
    BlobChange change = stored.get(random.nextInt(stored.size()));
    Map<Integer, Value> state = history.states.getLast();
    Value value = Objects.requireNonNull(state.get((int) change.id().low()));
    disk.mark(new Begun(history.states.size()));
    history.states.add(state); // evicting changes nothing that can be seen
    try {
      var _ =
          store.evict(
              List.of(new Eviction(change, new ColdReference(value.seed(), value.length(), 1))));
    } catch (StorageFullException e) {
      history.states.removeLast();
      return;
    }
    acknowledged = history.states.size() - 1L;
    history.groupEnds.add(acknowledged);
    disk.mark(new Acked(acknowledged));
  }

  /** Lets a vacuum begin, or go on for some steps, or not, between two groups. */
  private void vacuumSometimes() {
    Vacuum running = vacuum;
    if (running == null) {
      if (random.nextInt(3) > 0) {
        return;
      }
      VacuumOptions options =
          VacuumOptions.DEFAULTS.withHoleBytesMin(4096L * random.nextInt(8)); // 0 punches none
      running = store.beginVacuum(options, VacuumListener.NONE);
      vacuum = running;
    }
    for (int steps = random.nextInt(12); steps > 0 && vacuum != null; steps--) {
      if (!vacuumStep(running)) {
        endVacuum();
      } else if (running.waitsForCheckpoint() && random.nextBoolean()) {
        stepSometimes();
      }
    }
  }

  /** Does one step of a vacuum, which may be an epoch that changes nothing. */
  private boolean vacuumStep(Vacuum running) {
    long epoch = history.states.size();
    disk.mark(new Begun(epoch));
    history.states.add(history.states.getLast());
    boolean more = running.step();
    if (store.durableEpoch() < epoch) {
      history.states.removeLast();
    } else {
      history.groupEnds.add(epoch);
      acknowledged = epoch;
      disk.mark(new Acked(epoch));
    }
    return more;
  }

  private void endVacuum() {
    if (vacuum != null) {
      vacuum.close();
      vacuum = null;
    }
  }

  /** Returns the last epoch that was acknowledged. */
  long acknowledged() {
    return acknowledged;
  }

  /** Commits one epoch the way a lone blocking caller does. */
  private void commitHere() {
    Map<Integer, Value> state = new HashMap<>(history.states.getLast());
    disk.mark(new Begun(history.states.size()));
    history.states.add(state);
    try (Epoch epoch = store.beginEpoch()) {
      addOperation(epoch, state);
      addOperation(epoch, state);
      addBulkSometimes(epoch, state);
      fillClaims();
      history.groupEnds.add(epoch.commit());
    } finally {
      claims.clear();
    }
    acknowledged = history.states.size() - 1L;
    disk.mark(new Acked(acknowledged));
  }

  private void commitGroup(int epochs) {
    long first = history.states.size();
    disk.mark(new Begun(first + epochs - 1));
    for (int i = 0; i < epochs; i++) {
      Map<Integer, Value> state = new HashMap<>(history.states.getLast());
      int operations = random.nextInt(5);
      history.states.add(state);
      try (Epoch epoch = store.beginEpoch()) {
        if (random.nextInt(60) == 0) {
          addLongRecord(epoch);
        }
        for (int o = 0; o <= operations; o++) {
          addOperation(epoch, state);
        }
        addBulkSometimes(epoch, state);
        fillClaims();
        epoch.commit(new Recorder());
      } finally {
        claims.clear();
      }
      if (random.nextInt(16) == 0) {
        abandonOne();
      }
    }
    while (store.doWork() > 0) {
      lastGroup = -1;
    }
    if (failed != null) {
      throw failed;
    }
  }

  /** Adds operations that change nothing, and whose record is longer than a log extent. */
  private void addLongRecord(Epoch epoch) {
    int operations = 1_500 + random.nextInt(1_500);
    for (int i = 0; i < operations; i++) {
      epoch.delete(id(IDS + i));
    }
  }

  /** Adds values that do not fit into one group, or into any buffer: spilled, or streamed. */
  private void addBulkSometimes(Epoch epoch, Map<Integer, Value> state) {
    if (random.nextInt(50) != 0) {
      return;
    }
    if (random.nextInt(6) == 0) {
      put(epoch, state, (1 << 20) + random.nextInt(200_000));
      return;
    }
    for (int i = 0; i < 4; i++) {
      put(epoch, state, 30_000 + random.nextInt(30_000));
    }
  }

  private void put(Epoch epoch, Map<Integer, Value> state, int length) {
    int id = random.nextInt(IDS);
    Value value = new Value(random.nextLong(), length);
    if (!tryClaim(epoch, id, value)) {
      epoch.put(id(id), MemorySegment.ofArray(value.bytes()));
    }
    state.put(id, value);
  }

  /** Claims memory for every third value, which is filled when the claim ends. */
  private boolean tryClaim(Epoch epoch, int id, Value value) {
    if (value.length() > store.claimBytesMax() || claimChoice.nextInt(3) > 0) {
      return false;
    }
    MemorySegment memory = epoch.tryClaim(id(id), value.length());
    if (memory == null) {
      return false;
    }
    claims.add(new Claimed(memory, value));
    if (claimChoice.nextInt(4) == 0) {
      Claimed any = claims.remove(claimChoice.nextInt(claims.size()));
      any.fill();
      epoch.finish(any.memory());
    }
    return true;
  }

  private void fillClaims() {
    claims.forEach(Claimed::fill);
    claims.clear();
  }

  private void addOperation(Epoch epoch, Map<Integer, Value> state) {
    if (random.nextInt(3) == 0) {
      int id = random.nextInt(IDS);
      epoch.delete(id(id));
      state.remove(id);
      return;
    }
    put(epoch, state, length());
  }

  private int length() {
    return switch (random.nextInt(12)) {
      case 0 -> 0;
      case 1 -> 4096;
      case 2 -> random.nextInt(60_000);
      default -> random.nextInt(9_000);
    };
  }

  /** Gives an epoch up; one that finds no space is no failure of those that wait already. */
  private void abandonOne() {
    try (Epoch epoch = store.beginEpoch()) {
      int values = random.nextInt(4) == 0 ? 4 : 1; // four are spilled, and their extents freed
      for (int i = 0; i < values; i++) {
        int length = values == 1 ? 5000 : 50_000;
        epoch.put(id(random.nextInt(IDS)), MemorySegment.ofArray(new byte[length]));
      }
    } catch (StorageFullException _) {
      // given up all the same
    }
  }

  private final class Recorder implements AckListener {
    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      long group = store.markedSequence();
      if (group == lastGroup) {
        history.groupEnds.remove(epoch - 1);
      }
      lastGroup = group;
      history.groupEnds.add(epoch);
      acknowledged = epoch;
      disk.mark(new Acked(epoch));
    }

    @Override
    public void onFailed(StoreException failure) {
      failed = failure;
    }
  }

  /** Returns what is wrong with what the store holds, compared with an epoch's state, or null. */
  static @Nullable String difference(BlobStore store, Map<Integer, Value> state) {
    for (int i = 0; i < IDS; i++) {
      Value expected = state.get(i);
      try (BlobLease lease = store.get(id(i))) {
        if (expected == null ? lease != null : lease == null) {
          return "id " + i + (lease == null ? " is missing" : " should not be there");
        }
        if (lease != null
            && expected != null
            && lease.value().mismatch(MemorySegment.ofArray(expected.bytes())) >= 0) {
          return "id "
              + i
              + " has other bytes: "
              + lease.value().byteSize()
              + " of them, expected "
              + expected.length()
              + ": "
              + lease.value().get(ValueLayout.JAVA_BYTE, 0);
        }
      } catch (StoreException e) {
        return "id " + i + ": " + e.getMessage();
      }
    }
    VerifyReport report = store.verify(VerifyListener.NONE);
    return report.clean() ? null : report.toString();
  }
}
