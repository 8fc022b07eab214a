package io.ashlar.jmh.tier;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.SplittableRandom;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;

/**
 * Blobs that compress as records in JSON do, about 2.5 to 1: off the heap, one after the other.
 * Thread: one.
 */
final class TierSample implements AutoCloseable {
  /** What the tier compresses at once. */
  private static final int FRAME_BYTES = 64 << 10;

  /** Id and two lengths, which lie beside each blob in a frame. */
  private static final int ENTRY_OVERHEAD_BYTES = 24;

  private static final int EPOCH_BYTES = 8 << 20;
  private static final String[] WORDS = {
    "pending", "shipped", "returned", "berlin", "lisbon", "osaka", "express", "standard", "gift"
  };

  private final Arena arena = Arena.ofShared();
  private final MemorySegment bytes;
  private final int blobBytes;
  private final int blobs;

  TierSample(long totalBytes, int blobBytes, long seed) {
    this.blobBytes = blobBytes;
    this.blobs = Math.toIntExact(totalBytes / blobBytes);
    this.bytes = arena.allocate((long) blobs * blobBytes);
    SplittableRandom random = new SplittableRandom(seed);
    long at = 0;
    while (at < bytes.byteSize()) {
      byte[] record =
          String.format(
                  Locale.ROOT,
                  "{\"order\":%d,\"customer\":\"%016x\",\"state\":\"%s\",\"city\":\"%s\","
                      + "\"method\":\"%s\",\"cents\":%d,\"at\":\"2026-11-%02dT%02d:%02d:%02dZ\"}",
                  random.nextInt(100_000_000),
                  random.nextLong(),
                  WORDS[random.nextInt(3)],
                  WORDS[3 + random.nextInt(3)],
                  WORDS[6 + random.nextInt(3)],
                  random.nextInt(1_000_000),
                  1 + random.nextInt(30),
                  random.nextInt(24),
                  random.nextInt(60),
                  random.nextInt(60))
              .getBytes(StandardCharsets.US_ASCII);
      long count = Math.min(record.length, bytes.byteSize() - at);
      MemorySegment.copy(record, 0, bytes, ValueLayout.JAVA_BYTE, at, (int) count);
      at += count;
    }
  }

  int blobs() {
    return blobs;
  }

  int blobBytes() {
    return blobBytes;
  }

  long totalBytes() {
    return bytes.byteSize();
  }

  static BlobId id(long number) {
    return new BlobId(0x7137, number);
  }

  MemorySegment blob(int number) {
    return bytes.asSlice((long) number * blobBytes, blobBytes);
  }

  /** Puts all of it into a store, in epochs of some MiB. */
  void fill(BlobStore store) {
    int perEpoch = Math.max(1, EPOCH_BYTES / blobBytes);
    for (int from = 0; from < blobs; from += perEpoch) {
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = from; i < Math.min(blobs, from + perEpoch); i++) {
          epoch.put(id(i), blob(i));
        }
        epoch.commit();
      }
    }
  }

  /**
   * Compresses all of it on this thread, cut as the tier cuts it: as many whole blobs as a frame
   * holds with their ids and lengths. Returns the bytes that it gave.
   */
  long compress() {
    LZ4Compressor compressor = LZ4Factory.fastestInstance().fastCompressor();
    long piece = (long) blobBytes * Math.max(1, FRAME_BYTES / (blobBytes + ENTRY_OVERHEAD_BYTES));
    ByteBuffer target = ByteBuffer.allocateDirect(compressor.maxCompressedLength((int) piece));
    long compressed = 0;
    for (long at = 0; at < bytes.byteSize(); at += piece) {
      long count = Math.min(piece, bytes.byteSize() - at);
      target.clear();
      compressor.compress(bytes.asSlice(at, count).asByteBuffer(), target);
      compressed += target.position();
    }
    return compressed;
  }

  @Override
  public void close() {
    arena.close();
  }
}
