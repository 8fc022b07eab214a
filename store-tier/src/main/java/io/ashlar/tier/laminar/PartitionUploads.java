package io.ashlar.tier.laminar;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.laminar.CheckpointManifest.OperatorSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.PartitionSnapshotEntry;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * One {@link Checkpointer#savePartitions}: a bounded number of workers take the uploads in order.
 * Results lie in a table by the upload's place, so none can be lost and their order is the input's.
 *
 * <p>Thread: made and run by one; the table, the next place and the first failure are shared by the
 * workers.
 */
final class PartitionUploads {
  private final Checkpointer checkpointer;
  private final ObjectStore objects;
  private final List<PartitionUpload> uploads;
  private final List<String> keys;
  private final AtomicReferenceArray<@Nullable PartitionSnapshotEntry> entries;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  PartitionUploads(
      Checkpointer checkpointer,
      ObjectStore objects,
      CheckpointId id,
      List<PartitionUpload> uploads) {
    this.checkpointer = checkpointer;
    this.objects = objects;
    this.uploads = List.copyOf(uploads);
    this.entries = new AtomicReferenceArray<>(uploads.size());
    Set<String> distinct = new LinkedHashSet<>();
    for (PartitionUpload upload : this.uploads) {
      CheckpointPaths paths = checkpointer.paths();
      String key =
          upload.isDelta()
              ? paths.delta(id, upload.operator(), upload.partition())
              : paths.snapshot(id, upload.operator(), upload.partition());
      if (!distinct.add(key)) {
        throw new IllegalArgumentException("two uploads have the same key: key=" + key);
      }
    }
    this.keys = List.copyOf(distinct);
  }

  Map<String, OperatorSnapshotEntry> run(int workersMax) {
    List<Future<?>> workers = new ArrayList<>();
    // Closing waits for all of them, through interrupts: no upload outlives this call.
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < Math.min(workersMax, uploads.size()); i++) {
        workers.add(threads.submit(this::work));
      }
    }
    for (Future<?> worker : workers) {
      if (worker.state() != Future.State.SUCCESS) {
        failure.compareAndSet(null, new IllegalStateException("an upload was cancelled"));
      }
    }
    Throwable failed = failure.get();
    if (failed != null) {
      throw undone(failed);
    }
    return operators();
  }

  private void work() {
    while (failure.get() == null) {
      int place = next.getAndIncrement();
      if (place >= uploads.size()) {
        return;
      }
      try {
        entries.set(place, upload(uploads.get(place), keys.get(place)));
      } catch (RuntimeException | Error e) {
        Throwable first = failure.compareAndExchange(null, e);
        if (first != null) {
          first.addSuppressed(e);
        }
      }
    }
  }

  private PartitionSnapshotEntry upload(PartitionUpload upload, String key) {
    String sha256 = checkpointer.save(key, upload.body());
    return new PartitionSnapshotEntry(
        upload.partition(),
        upload.isDelta(),
        CheckpointPaths.relative(upload.operator(), upload.partition(), upload.isDelta()),
        upload.body().length(),
        sha256);
  }

  /** Deletes what was begun, answered or not, and returns what to throw. */
  private RuntimeException undone(Throwable failed) {
    List<String> begun = keys.subList(0, Math.min(next.get(), keys.size()));
    List<String> left = new ArrayList<>();
    for (int i = 0; i < begun.size(); i += ObjectStore.DELETE_KEYS_MAX) {
      List<String> page = begun.subList(i, Math.min(i + ObjectStore.DELETE_KEYS_MAX, begun.size()));
      try {
        left.addAll(objects.deleteAll(page).failed().keySet());
      } catch (ObjectStoreException e) {
        failed.addSuppressed(e);
        left.addAll(page);
      }
    }
    if (failed instanceof Error error) {
      throw error;
    }
    if (left.isEmpty() && failed instanceof RuntimeException runtime) {
      return runtime;
    }
    return new TierUnavailableException(
        failed.getMessage()
            + "; not deleted again: objects="
            + left.size()
            + ", first="
            + (left.isEmpty() ? "" : left.getFirst()),
        failed);
  }

  private Map<String, OperatorSnapshotEntry> operators() {
    Map<String, List<PartitionSnapshotEntry>> byOperator = new LinkedHashMap<>();
    for (int i = 0; i < uploads.size(); i++) {
      PartitionSnapshotEntry entry = entries.get(i);
      if (entry == null) {
        throw new IllegalStateException("an upload has no result: key=" + keys.get(i));
      }
      byOperator.computeIfAbsent(uploads.get(i).operator(), o -> new ArrayList<>()).add(entry);
    }
    Map<String, OperatorSnapshotEntry> operators = new LinkedHashMap<>();
    byOperator.forEach((operator, list) ->
        operators.put(
            operator,
            new OperatorSnapshotEntry(
                list, list.stream().mapToLong(PartitionSnapshotEntry::sizeBytes).sum())));
    return operators;
  }
}
