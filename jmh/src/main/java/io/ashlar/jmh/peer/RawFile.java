package io.ashlar.jmh.peer;

import io.ashlar.uring.NativeFile;
import io.ashlar.uring.NativeMemory;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/**
 * The raw limit: each batch overwrites its place in a pre-written file with direct I/O from a
 * huge-page buffer, as one gathered write. No index, no record, no checksum, no atomicity.
 */
public final class RawFile implements PeerStore {

  /** What makes a write durable. */
  public enum Sync {
    /** RWF_DSYNC with the write. */
    DSYNC,
    /** fdatasync after the write. */
    FDATASYNC
  }

  private static final long CHUNK_BYTES = 4 << 20;

  private final int valueBytes;
  private final Sync sync;
  private final NativeFile file;

  /** Writes a file of {@code keys.count()} places of {@code valueBytes} bytes. */
  public RawFile(Path folder, Keys keys, int valueBytes, Sync sync) {
    this.valueBytes = valueBytes;
    this.sync = sync;
    file = prewritten(folder.resolve("values"), (long) keys.count() * valueBytes);
  }

  /**
   * Makes a file whose every block was written and synced, with incompressible bytes: zeroes may be
   * kept for less, and read faster, by what lies under the device.
   *
   * @param bytes a multiple of 4096.
   * @return the file, open for direct I/O.
   */
  public static NativeFile prewritten(Path path, long bytes) {
    NativeFile made = NativeFile.open(path, NativeFile.Mode.CREATE, true);
    try (NativeMemory chunk = NativeMemory.allocate(CHUNK_BYTES)) {
      BlobBatch.fill(chunk.segment(), new SplittableRandom(bytes));
      for (long offset = 0; offset < bytes; offset += CHUNK_BYTES) {
        long length = Math.min(CHUNK_BYTES, bytes - offset);
        made.write(chunk.segment().asSlice(0, length), offset, false);
      }
    }
    made.sync();
    return made;
  }

  @Override
  public String durability() {
    return switch (sync) {
      case DSYNC -> "O_DIRECT overwrite + RWF_DSYNC, no index, no atomicity";
      case FDATASYNC -> "O_DIRECT overwrite + fdatasync, no index, no atomicity";
    };
  }

  @Override
  public PeerWriter openWriter() {
    return this::commit;
  }

  private void commit(BlobBatch batch) {
    file.write(batch.all(), (long) batch.id(0) * valueBytes, sync == Sync.DSYNC);
    if (sync == Sync.FDATASYNC) {
      file.dataSync();
    }
  }

  @Override
  public long read(int id, ReadBuffer target) {
    return file.read(target.segment().asSlice(0, valueBytes), (long) id * valueBytes);
  }

  /** Makes a reader that sums up what it has read: memory that nobody looks at costs less. */
  public PeerReader openSeeingReader() {
    CRC32C crc = new CRC32C();
    return (id, target) -> {
      long length = read(id, target);
      crc.update(target.view().limit(valueBytes));
      return length;
    };
  }

  @Override
  public void close() {
    file.close();
  }
}
