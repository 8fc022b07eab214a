package io.ashlar.jmh.peer;

import io.ashlar.store.AckListener;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.RecoveryReport;
import io.ashlar.store.StallStats;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreStats;
import io.ashlar.store.local.LocalBlobStore;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Ashlar, with one of its ways of waiting for a commit. */
public final class AshlarStore implements PeerStore {

  /** How a writer waits until its epoch is durable. */
  public enum Acknowledgement {
    /** {@link Epoch#commit()}: an idle store commits on the caller's thread. */
    BLOCKING,
    /** {@link Epoch#commit(AckListener)}, then parking: always through the I/O thread. */
    LISTENER,
    /** {@link Epoch#commitAsync()}, then joining the future: always through the I/O thread. */
    FUTURE,
    /**
     * {@link Epoch#claim}, then {@link Epoch#commit()}: values are taken as they lie in the claimed
     * buffers, since filling them is what a caller does anyway.
     */
    CLAIM
  }

  private final Keys keys;
  private final Acknowledgement acknowledgement;
  private final LocalBlobStore store;
  private StoreStats filled;

  /** Opens a store in {@code folder}. */
  public AshlarStore(Path folder, Keys keys, StoreConfig config, Acknowledgement acknowledgement) {
    this.keys = keys;
    this.acknowledgement = acknowledgement;
    store = LocalBlobStore.builder(folder).config(config).open();
    filled = store.stats();
  }

  /** Returns the store itself, for work beside what is measured. */
  public BlobStore blobStore() {
    return store;
  }

  /** Returns the store's counters. */
  public StoreStats stats() {
    return store.stats();
  }

  @Override
  public String durability() {
    return "O_DIRECT + RWF_DSYNC, CRC-32C; "
        + acknowledgement.toString().toLowerCase(Locale.ROOT)
        + ", "
        + store.stats().engine();
  }

  @Override
  public PeerWriter openWriter() {
    return switch (acknowledgement) {
      case BLOCKING -> this::commitBlocking;
      case LISTENER -> new ListeningWriter();
      case FUTURE -> this::commitFuture;
      case CLAIM -> this::commitClaimed;
    };
  }

  private void commitBlocking(BlobBatch batch) {
    try (Epoch epoch = fill(batch)) {
      var _ = epoch.commit();
    }
  }

  private void commitClaimed(BlobBatch batch) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int i = 0; i < batch.count(); i++) {
        var _ = epoch.claim(keys.blobId(batch.id(i)), batch.valueBytes());
      }
      var _ = epoch.commit();
    }
  }

  private void commitFuture(BlobBatch batch) {
    try (Epoch epoch = fill(batch)) {
      var _ = epoch.commitAsync().join();
    }
  }

  private Epoch fill(BlobBatch batch) {
    Epoch epoch = store.beginEpoch();
    for (int i = 0; i < batch.count(); i++) {
      epoch.put(keys.blobId(batch.id(i)), batch.segment(i));
    }
    return epoch;
  }

  @Override
  public long read(int id, ReadBuffer target) {
    return store.get(keys.blobId(id), target.segment());
  }

  /** Makes a reader that looks at a value in the store's own buffer and gives it back. */
  public PeerReader openLeasingReader() {
    return (id, target) -> {
      try (BlobLease lease = store.get(keys.blobId(id))) {
        if (lease == null) {
          return BlobStore.NOT_FOUND;
        }
        target.touch(lease.value().get(ValueLayout.JAVA_LONG, 0));
        return lease.value().byteSize();
      }
    };
  }

  /** Returns what opening the store found. */
  public RecoveryReport recoveryReport() {
    return store.recoveryReport();
  }

  @Override
  public long bytesGrown() {
    return store.stats().bytesGrown();
  }

  @Override
  public void onFilled() {
    filled = store.stats();
  }

  @Override
  public String remarks() {
    StoreStats stats = store.stats();
    double meanBytes = (double) stats.blobBytes() / Math.max(1, stats.blobs());
    long groups = Math.max(1, stats.groups() - filled.groups());
    double putBytes = (stats.puts() - filled.puts()) * meanBytes;
    return String.format(
        Locale.ROOT,
        "since fill wrote %.2f x values, grew %d MiB; file %.2f x live (at fill %.2f);"
            + " %.1f epochs a group, %.0f%% of the groups led by callers, %.0f%% scattered; %s",
        (stats.bytesWritten() - filled.bytesWritten()) / Math.max(1, putBytes),
        (stats.bytesGrown() - filled.bytesGrown()) >> 20,
        (double) stats.fileBytes() / Math.max(1, stats.blobBytes()),
        (double) filled.fileBytes() / Math.max(1, filled.blobBytes()),
        (double) (stats.epochs() - filled.epochs()) / groups,
        100.0 * (stats.callerGroups() - filled.callerGroups()) / groups,
        100.0 * (stats.scatteredGroups() - filled.scatteredGroups()) / groups,
        stalls(stats));
  }

  /** Returns what commits of over a millisecond waited for since measuring began. */
  private String stalls(StoreStats stats) {
    StringBuilder text = new StringBuilder();
    long all = 0;
    for (StallStats stall : stats.stalls()) {
      StallStats before = filled.stalls(stall.cause());
      long count = stall.count() - before.count();
      long ns = stall.totalNs() - before.totalNs();
      all += count;
      if (count > 0 || ns >= TimeUnit.MILLISECONDS.toNanos(1)) {
        text.append(text.isEmpty() ? ": " : ", ");
        text.append(stall.cause().name().toLowerCase(Locale.ROOT)).append(' ').append(count);
        text.append(" (").append(TimeUnit.NANOSECONDS.toMillis(ns)).append(" ms)");
      }
    }
    return all + " stalls over 1 ms" + text;
  }

  @Override
  public void close() {
    store.close();
  }

  /** Waits for the listener to be called; allocates nothing but the epoch. */
  private final class ListeningWriter implements PeerWriter, AckListener {

    private static final VarHandle DONE;

    static {
      try {
        DONE = MethodHandles.lookup().findVarHandle(ListeningWriter.class, "done", boolean.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private @Nullable Thread waiter; // written by the writer before it commits
    private @Nullable StoreException failure; // written by the I/O thread before done

    @SuppressWarnings("unused") // through DONE: written by the I/O thread, read by the writer
    private boolean done;

    @Override
    public void commit(BlobBatch batch) {
      waiter = Thread.currentThread();
      DONE.setOpaque(this, false);
      try (Epoch epoch = fill(batch)) {
        epoch.commit(this);
      }
      while (!(boolean) DONE.getAcquire(this)) {
        LockSupport.park(this);
      }
      if (failure != null) {
        throw failure;
      }
    }

    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      wake();
    }

    @Override
    public void onFailed(StoreException reason) {
      failure = reason;
      wake();
    }

    private void wake() {
      Thread waiting = waiter;
      DONE.setRelease(this, true);
      LockSupport.unpark(waiting);
    }
  }
}
