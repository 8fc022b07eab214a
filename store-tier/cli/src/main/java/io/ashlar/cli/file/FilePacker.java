package io.ashlar.cli.file;

import io.ashlar.store.AckListener;
import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Packs files into epochs and commits them, with several commits on their way so that the store can
 * coalesce them into one sync.
 *
 * <p>A file of at most {@value #PACKED_BYTES_MAX} bytes is read whole before it enters an epoch. If
 * it changes meanwhile or cannot be read, only this file fails; a longer one streams through an
 * epoch of its own. Each epoch names its files in the catalogue.
 *
 * <p>Thread: one, which is also the one that {@code acknowledged} is called on; only the inner
 * listener runs on the store's I/O thread, and only adds to a queue.
 */
public final class FilePacker implements AutoCloseable {

  /** The longest file that shares an epoch with others, in bytes. */
  public static final int PACKED_BYTES_MAX = 4 << 20;

  private static final long ACKNOWLEDGEMENT_WAIT_S = 300;

  private final BlobStore store;
  private final Catalogue catalogue;
  private final Limits limits;
  private final Consumer<Acknowledged> acknowledged;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment buffer = arena.allocate(PACKED_BYTES_MAX, 4096);
  private final Set<BlobName> written = new HashSet<>();

  /** Bounded by {@link Limits#inFlightMax}: added to by the I/O thread, taken from by ours. */
  private final BlockingQueue<Commit> answered = new LinkedBlockingQueue<>();

  private @Nullable Epoch open;
  private Map<BlobName, Catalogue.BlobEntry> openFiles = new LinkedHashMap<>();
  private long openBytes;
  private int inFlight;
  private long inFlightBytes;

  /**
   * How large epochs become and how many are on their way.
   *
   * @param epochBytesMax bytes of files at which an epoch is committed; a longer file has its own.
   * @param epochFilesMax the most files of an epoch.
   * @param inFlightMax the most commits that wait for their acknowledgement.
   * @param inFlightBytesMax the most bytes of them together, a single longer one apart.
   */
  public record Limits(
      long epochBytesMax, int epochFilesMax, int inFlightMax, long inFlightBytesMax) {

    /** Large epochs, for throughput; fits the default pool. */
    public static final Limits DEFAULTS = new Limits(16L << 20, 1000, 8, 32L << 20);
  }

  /**
   * An epoch that is durable.
   *
   * @param epoch its number.
   * @param names the files it put.
   * @param bytes their bytes.
   * @param latencyNs from its commit to its acknowledgement.
   */
  public record Acknowledged(long epoch, List<BlobName> names, long bytes, long latencyNs) {}

  /**
   * Creates a writer.
   *
   * @param catalogue the store's names; updated as epochs are made.
   * @param acknowledged called for each durable epoch, in order, from within this object's methods.
   */
  public FilePacker(
      BlobStore store, Catalogue catalogue, Limits limits, Consumer<Acknowledged> acknowledged) {
    this.store = store;
    this.catalogue = catalogue;
    this.limits = limits;
    this.acknowledged = acknowledged;
  }

  /**
   * Adds a file. It is durable when {@code acknowledged} was told so.
   *
   * @throws IOException if this file was not added: it cannot be read, is too long, changed while
   *     it was read, or another one has its name. Others are not affected: continue.
   * @throws StoreException if the store failed; the writer can only be closed.
   */
  public void put(BlobName name, Path file) throws IOException {
    if (written.contains(name)) {
      throw new IOException(
          "two files have one name: name=" + name + ", second=" + file + "; put them apart");
    }
    BasicFileAttributes before = attributes(file);
    long length = before.size();
    if (length > BlobStore.BLOB_BYTES_MAX) {
      throw new IOException(
          "file is longer than a blob can be: path="
              + file
              + ", length="
              + length
              + ", most="
              + BlobStore.BLOB_BYTES_MAX
              + "; split it");
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      if (length <= PACKED_BYTES_MAX) {
        putPacked(name, file, channel, before);
      } else {
        putAlone(name, file, channel, before);
      }
    }
    written.add(name);
    drain();
  }

  private void putPacked(BlobName name, Path file, FileChannel channel, BasicFileAttributes before)
      throws IOException {
    long length = before.size();
    ByteBuffer target = buffer.asSlice(0, length).asByteBuffer();
    while (target.hasRemaining() && channel.read(target) >= 0) {}
    checkUnchanged(file, before, target.position());
    if (openBytes + length > limits.epochBytesMax || openFiles.size() >= limits.epochFilesMax) {
      commitOpen();
    }
    Epoch epoch = open;
    if (epoch == null) {
      epoch = store.beginEpoch();
      open = epoch;
    }
    epoch.put(name.id(), buffer.asSlice(0, length));
    openFiles.put(name, new Catalogue.BlobEntry(name.id(), length, true));
    openBytes += length;
  }

  private void putAlone(BlobName name, Path file, FileChannel channel, BasicFileAttributes before)
      throws IOException {
    commitOpen();
    awaitRoom(before.size());
    Epoch epoch = store.beginEpoch();
    try {
      epoch.put(name.id(), channel, before.size());
      checkUnchanged(file, before, before.size());
    } catch (IOException e) {
      epoch.close();
      throw e;
    } catch (StoreException e) {
      epoch.close();
      throw e;
    }
    commit(
        epoch,
        Map.of(name, new Catalogue.BlobEntry(name.id(), before.size(), true)),
        before.size());
  }

  private static BasicFileAttributes attributes(Path file) throws IOException {
    BasicFileAttributes attributes =
        Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isRegularFile()) {
      throw new IOException("not a regular file: path=" + file + "; it changed during the walk");
    }
    return attributes;
  }

  private static void checkUnchanged(Path file, BasicFileAttributes before, long read)
      throws IOException {
    BasicFileAttributes after = attributes(file);
    if (read != before.size()
        || after.size() != before.size()
        || !after.lastModifiedTime().equals(before.lastModifiedTime())) {
      throw new IOException(
          "file changed while it was read: path="
              + file
              + ", length before="
              + before.size()
              + ", read="
              + read
              + ", length after="
              + after.size()
              + "; put it again when it is quiet");
    }
  }

  /** Commits what is open, and waits until everything is durable. */
  public void finish() {
    commitOpen();
    while (inFlight > 0) {
      take();
    }
  }

  private void commitOpen() {
    Epoch epoch = open;
    if (epoch == null) {
      return;
    }
    awaitRoom(openBytes);
    open = null;
    Map<BlobName, Catalogue.BlobEntry> files = openFiles;
    long bytes = openBytes;
    openFiles = new LinkedHashMap<>();
    openBytes = 0;
    commit(epoch, files, bytes);
  }

  private void commit(Epoch epoch, Map<BlobName, Catalogue.BlobEntry> files, long bytes) {
    try (epoch) {
      catalogue.addTo(epoch, files);
      epoch.commit(new Commit(List.copyOf(files.keySet()), bytes));
    }
    inFlight++;
    inFlightBytes += bytes;
  }

  /** Waits until a commit of {@code bytes} keeps the limits. */
  private void awaitRoom(long bytes) {
    while (inFlight >= limits.inFlightMax
        || (inFlight > 0 && inFlightBytes + bytes > limits.inFlightBytesMax)) {
      take();
    }
  }

  /** Passes on the acknowledgements that have come. */
  void drain() {
    for (Commit commit = answered.poll(); commit != null; commit = answered.poll()) {
      pass(commit);
    }
  }

  private void take() {
    boolean interrupted = false;
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(ACKNOWLEDGEMENT_WAIT_S);
    try {
      while (true) {
        try {
          Commit commit = answered.poll(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS);
          if (commit == null) {
            throw new BackPressureTimeoutException(
                "no acknowledgement: waited s=" + ACKNOWLEDGEMENT_WAIT_S + "; check the disk",
                null);
          }
          pass(commit);
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void pass(Commit commit) {
    inFlight--;
    inFlightBytes -= commit.bytes;
    StoreException failure = commit.failure;
    if (failure != null) {
      throw failure;
    }
    acknowledged.accept(
        new Acknowledged(commit.epoch, commit.names, commit.bytes, commit.latencyNs));
  }

  /** Abandons the open epoch and frees the buffer; commits in flight continue in the store. */
  @Override
  public void close() {
    Epoch epoch = open;
    if (epoch != null) {
      open = null;
      epoch.close();
    }
    arena.close();
  }

  /** One commit on its way. Fields are written before it enters the queue, read after. */
  private final class Commit implements AckListener {
    private final List<BlobName> names;
    private final long bytes;
    private final long startNs = System.nanoTime();
    private long epoch;
    private long latencyNs;
    private @Nullable StoreException failure;

    Commit(List<BlobName> names, long bytes) {
      this.names = names;
      this.bytes = bytes;
    }

    @Override
    public void onDurable(
        long number, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      epoch = number;
      latencyNs = System.nanoTime() - startNs;
      answered.add(this);
    }

    @Override
    public void onFailed(StoreException cause) {
      failure = cause;
      answered.add(this);
    }
  }
}
