package io.ashlar.tier.laminar;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.FormatVersionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.laminar.CheckpointManifest.OperatorSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.PartitionSnapshotEntry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Restores the newest checkpoint that is whole.
 *
 * <p><b>Which.</b> The one that {@code _latest} names; if that fails, the others, newest first; at
 * most {@value #ATTEMPTS_MAX} in all, each from a clean state. Damage makes an attempt fail, and so
 * does a target that throws. A store that does not answer is no reason, since an older state would
 * lose data that exists. Such a failure is thrown at once.
 *
 * <p><b>How.</b> The parents are followed to the first checkpoint. For each partition of any of
 * them the last whole state is restored, and then every later delta, oldest first; within one
 * manifest the whole states come before the deltas. A delta without a whole state before it, a
 * parent that is absent and a chain that bites its tail are damage. Every object is verified
 * against its SHA-256 before it is handed over.
 *
 * <p>Thread: the caller's. Memory: one artifact at a time, off the heap.
 */
public final class CheckpointRecovery {
  /** Most checkpoints that are tried. */
  public static final int ATTEMPTS_MAX = 3;

  /** Most checkpoints in a chain of parents. */
  public static final int CHAIN_MAX = 10_000;

  private final Checkpointer checkpointer;

  /** A recovery from what {@code checkpointer} sees. */
  public CheckpointRecovery(Checkpointer checkpointer) {
    this.checkpointer = checkpointer;
  }

  /**
   * Restores into {@code target}.
   *
   * @return what was restored, or null if there is no checkpoint at all; the target was not touched
   *     then.
   * @throws CorruptionException if every attempt failed; the reasons are suppressed in it, and the
   *     target is clear.
   * @throws TierUnavailableException if the store does not answer; the target is clear.
   */
  public @Nullable RecoveredCheckpoint recover(CheckpointTarget target) {
    List<RuntimeException> failures = new ArrayList<>();
    CheckpointId hinted = hinted(failures);
    List<CheckpointId> candidates = new ArrayList<>();
    if (hinted != null) {
      candidates.add(hinted);
    }
    // The listing is asked for only if what the pointer names cannot be restored.
    boolean listed = hinted == null;
    if (listed) {
      candidates.addAll(checkpointer.listCheckpoints().reversed());
    }
    int attempts = 0;
    for (int i = 0; attempts < ATTEMPTS_MAX; i++) {
      if (i == candidates.size() && !listed) {
        listed = true;
        checkpointer.listCheckpoints().reversed().stream()
            .filter(id -> !id.equals(hinted))
            .forEach(candidates::add);
      }
      if (i == candidates.size()) {
        break;
      }
      attempts++;
      RecoveredCheckpoint recovered = attempt(candidates.get(i), attempts, target, failures);
      if (recovered != null) {
        return recovered;
      }
    }
    if (attempts == 0) {
      return null;
    }
    CorruptionException all =
        new CorruptionException(
            "no checkpoint could be restored: attempts="
                + attempts
                + ", last="
                + candidates.get(attempts - 1),
            null,
            -1,
            0,
            0,
            failures.getLast());
    failures.subList(0, failures.size() - 1).forEach(all::addSuppressed);
    throw all;
  }

  private @Nullable CheckpointId hinted(List<RuntimeException> failures) {
    try {
      return checkpointer.readLatest();
    } catch (CorruptionException onlyAHint) {
      failures.add(onlyAHint);
      return null;
    }
  }

  private @Nullable RecoveredCheckpoint attempt(
      CheckpointId id, int attempt, CheckpointTarget target, List<RuntimeException> failures) {
    target.clear();
    boolean restored = false;
    try {
      List<CheckpointManifest> chain = chain(id);
      Progress progress = new Progress(target);
      List<Step> steps = plan(chain);
      for (Step step : steps) {
        progress.apply(step);
      }
      CheckpointManifest newest = chain.getLast();
      newest.sources().offsets().forEach(target::seek);
      restored = true;
      return new RecoveredCheckpoint(
          newest,
          attempt,
          chain.size(),
          progress.fulls,
          progress.deltas,
          progress.unverified,
          failures);
    } catch (TierUnavailableException e) {
      throw e;
    } catch (RuntimeException e) {
      failures.add(e);
      return null;
    } finally {
      if (!restored) {
        target.clear();
      }
    }
  }

  /** The checkpoint and its ancestors, the first ancestor first. */
  private List<CheckpointManifest> chain(CheckpointId newest) {
    List<CheckpointManifest> chain = new ArrayList<>();
    Set<CheckpointId> seen = new HashSet<>();
    for (CheckpointId id = newest; id != null; ) {
      if (!seen.add(id) || seen.size() > CHAIN_MAX) {
        throw damaged("checkpoint's parents never end: id=" + newest + ", seen=" + id);
      }
      CheckpointManifest manifest = load(id);
      if (manifest == null) {
        throw damaged(
            (chain.isEmpty() ? "checkpoint has no manifest" : "checkpoint's parent is missing")
                + ": id="
                + newest
                + ", missing="
                + id);
      }
      chain.add(manifest);
      id = manifest.parentId();
    }
    return chain.reversed();
  }

  private @Nullable CheckpointManifest load(CheckpointId id) {
    try {
      return checkpointer.loadManifest(id);
    } catch (FormatVersionException e) {
      throw new CorruptionException(String.valueOf(e.getMessage()), null, -1, 0, 0, e);
    }
  }

  private record Partition(String operator, long number) {}

  private record Step(CheckpointId checkpoint, String operator, PartitionSnapshotEntry entry) {}

  /**
   * Returns the entries to apply, in order: oldest checkpoint first, whole states before deltas. It
   * leaves out an entry that a later whole state replaces.
   */
  private static List<Step> plan(List<CheckpointManifest> oldestFirst) {
    List<Step> newestFirst = new ArrayList<>();
    Set<Partition> whole = new HashSet<>();
    Set<Partition> changed = new HashSet<>();
    for (CheckpointManifest manifest : oldestFirst.reversed()) {
      for (boolean deltas : new boolean[] {true, false}) {
        for (var operator : manifest.operators().entrySet()) {
          addNewestFirst(
              manifest,
              operator.getKey(),
              operator.getValue(),
              deltas,
              newestFirst,
              whole,
              changed);
        }
      }
    }
    changed.removeAll(whole);
    if (!changed.isEmpty()) {
      Partition first = changed.iterator().next();
      throw damaged(
          "delta without a whole state before it: operator="
              + first.operator()
              + ", partition="
              + first.number()
              + ", partitions="
              + changed.size());
    }
    return newestFirst.reversed();
  }

  private static void addNewestFirst(
      CheckpointManifest manifest,
      String name,
      OperatorSnapshotEntry operator,
      boolean deltas,
      List<Step> newestFirst,
      Set<Partition> whole,
      Set<Partition> changed) {
    for (PartitionSnapshotEntry entry : operator.partitions().reversed()) {
      Partition partition = new Partition(name, entry.partitionId());
      if (entry.isDelta() != deltas || whole.contains(partition)) {
        continue;
      }
      (deltas ? changed : whole).add(partition);
      newestFirst.add(new Step(manifest.checkpointId(), name, entry));
    }
  }

  private final class Progress {
    private final CheckpointTarget target;
    private long fulls;
    private long deltas;
    private long unverified;

    Progress(CheckpointTarget target) {
      this.target = target;
    }

    void apply(Step step) {
      PartitionSnapshotEntry entry = step.entry();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment data = checkpointer.loadArtifact(step.checkpoint(), entry, arena);
        if (entry.sha256() == null) {
          unverified++;
        }
        if (entry.isDelta()) {
          target.applyDelta(step.operator(), entry.partitionId(), data.asReadOnly());
          deltas++;
        } else {
          target.restore(step.operator(), entry.partitionId(), data.asReadOnly());
          fulls++;
        }
      }
    }
  }

  private static CorruptionException damaged(String message) {
    return new CorruptionException(message, null, -1, 0, 0, null);
  }
}
