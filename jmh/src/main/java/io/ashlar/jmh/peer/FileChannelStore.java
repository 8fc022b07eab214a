package io.ashlar.jmh.peer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;

/**
 * Plain Java: each value at its own place of a pre-written file through {@link FileChannel}, then
 * {@code force(false)}. No index, no checksum and no atomicity: a baseline, not a store.
 */
public final class FileChannelStore implements PeerStore {

  private static final int CHUNK_BYTES = 1 << 20;

  private final int valueBytes;
  private final FileChannel channel;

  /** Writes a file of {@code keys.count()} places of {@code valueBytes} bytes. */
  public FileChannelStore(Path folder, Keys keys, int valueBytes) {
    this.valueBytes = valueBytes;
    try {
      channel =
          FileChannel.open(
              folder.resolve("values"),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      prewrite((long) keys.count() * valueBytes);
    } catch (IOException e) {
      throw new PeerFailedException("the file could not be written ahead: folder=" + folder, e);
    }
  }

  private void prewrite(long bytes) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
    // As RawFile: zeroes may be kept for less.
    BlobBatch.fill(MemorySegment.ofBuffer(chunk), new SplittableRandom(bytes));
    long offset = 0;
    while (offset < bytes) {
      chunk.clear().limit((int) Math.min(CHUNK_BYTES, bytes - offset));
      offset += channel.write(chunk, offset);
    }
    channel.force(true);
  }

  @Override
  public String durability() {
    return "pwrite + fdatasync, no index, no atomicity";
  }

  @Override
  public PeerWriter openWriter() {
    return this::commit;
  }

  private void commit(BlobBatch batch) {
    try {
      for (int i = 0; i < batch.count(); i++) {
        ByteBuffer value = batch.buffer(i);
        long offset = (long) batch.id(i) * valueBytes;
        while (value.hasRemaining()) {
          offset += channel.write(value, offset);
        }
      }
      channel.force(false);
    } catch (IOException e) {
      throw new PeerFailedException("FileChannel failed to commit", e);
    }
  }

  @Override
  public long read(int id, ReadBuffer target) {
    ByteBuffer direct = target.direct().limit(valueBytes);
    try {
      return channel.read(direct, (long) id * valueBytes);
    } catch (IOException e) {
      throw new PeerFailedException("FileChannel failed to read", e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new PeerFailedException("FileChannel failed to close", e);
    }
  }
}
