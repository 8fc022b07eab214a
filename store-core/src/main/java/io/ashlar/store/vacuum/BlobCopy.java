package io.ashlar.store.vacuum;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.index.BlobDamage;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Copies the blobs of a batch to the extents held for them: read, compare the entry (rule L21),
 * check the checksum (rule L28), write. Neighbours are read and written together. A blob longer
 * than the buffer is alone in its batch and is copied in parts. The checksum covers exactly the
 * bytes that are written. Nothing ever refers to a copy with a wrong checksum.
 *
 * <p>Thread: vacuum's. Memory: 1 MiB of native memory until {@link #close}.
 */
final class BlobCopy implements AutoCloseable {

  /** How many blocks of blobs a batch holds at most, but for one long blob alone. */
  static final long BATCH_BLOCKS_MAX = (1L << 20) / Blocks.BYTES;

  private final Disk disk;
  private final Poison poison;
  private final Consumer<CorruptionException> damaged;
  private final NativeMemory memory = NativeMemory.reserve(Blocks.offset(BATCH_BLOCKS_MAX));
  private final MemorySegment table =
      Arena.ofAuto()
          .allocate(Blocks.offset(ChecksumTable.blocks(BlobStore.BLOB_BYTES_MAX)), Blocks.BYTES);
  private final long[] bufferBlocks = new long[MoveBatch.BLOBS_MAX];
  private final @Nullable NativeException[] failures =
      new @Nullable NativeException[MoveBatch.BLOBS_MAX];
  private @Nullable NativeException writeFailure;
  private long uncountedBytes; // copied, and not yet counted as a step's

  BlobCopy(Disk disk, Poison poison, Consumer<CorruptionException> damaged) {
    this.disk = disk;
    this.poison = poison;
    this.damaged = damaged;
  }

  /**
   * Copies the blobs that it can, and notes the outcome of each in the batch.
   *
   * @param pace rests between the parts of a long blob.
   * @return the first failure of a write, or null.
   * @throws io.ashlar.store.StoreFailedException if the store is poisoned: nothing is written then.
   */
  @Nullable NativeException copy(MoveBatch batch, BackgroundWork pace) {
    writeFailure = null;
    if (batch.count() == 1 && batch.blocks() > Blocks.count(pace.stepBytesMax())) {
      copyInParts(batch, pace);
    } else {
      uncountedBytes += Blocks.offset(batch.blocks());
      readAll(batch);
      judgeAll(batch);
      writeAll(batch);
    }
    return writeFailure;
  }

  /** Returns how many bytes were copied since the last call, but those that were rested for. */
  long takeUncounted() {
    long bytes = uncountedBytes;
    uncountedBytes = 0;
    return bytes;
  }

  /** Returns the buffer from one block on. */
  private MemorySegment slice(long block, long blocks) {
    return memory.segment().asSlice(Blocks.offset(block), Blocks.offset(blocks));
  }

  private void readAll(MoveBatch batch) {
    long next = 0;
    for (int i = 0; i < batch.count(); i++) {
      bufferBlocks[i] = next;
      next += batch.blocks(i);
    }
    for (int i = 0; i < batch.count(); ) {
      int end = i + 1;
      while (end < batch.count()
          && batch.source(end).startBlock()
              == batch.source(end - 1).startBlock() + batch.blocks(end - 1)) {
        end++;
      }
      if (read(batch, i, end) != null && end > i + 1) {
        for (int one = i; one < end; one++) {
          failures[one] = read(batch, one, one + 1);
        }
      }
      i = end;
    }
  }

  /** Reads neighbours from {@code first} to before {@code end}; returns what failed, or null. */
  private @Nullable NativeException read(MoveBatch batch, int first, int end) {
    long blocks = bufferBlocks[end - 1] + batch.blocks(end - 1) - bufferBlocks[first];
    NativeException failure =
        read(slice(bufferBlocks[first], blocks), batch.source(first).startBlock());
    for (int i = first; i < end; i++) {
      failures[i] = failure;
    }
    return failure;
  }

  private @Nullable NativeException read(MemorySegment target, long block) {
    try {
      long read = disk.read(target, Blocks.offset(block));
      return read >= target.byteSize()
          ? null
          : new NativeException("pread", 0, "end of file after block=" + block);
    } catch (NativeException e) {
      return e;
    }
  }

  private void judgeAll(MoveBatch batch) {
    for (int i = 0; i < batch.count(); i++) {
      BlobLocation source = batch.source(i);
      MemorySegment value = slice(bufferBlocks[i], batch.blocks(i));
      if (!batch.isUnchanged(i)) {
        batch.state(i, MoveBatch.State.CHANGED);
        continue;
      }
      int crc32c = Checksum.crc32c(value.asSlice(0, source.lengthBytes()));
      boolean tableIsGood =
          !source.hasTable()
              || failures[i] != null
              || ChecksumTable.folded(
                      value.asSlice(Blocks.roundUp(source.lengthBytes())), source.lengthBytes())
                  == source.crc32c();
      if (failures[i] != null || crc32c != source.crc32c() || !tableIsGood) {
        batch.state(i, MoveBatch.State.DAMAGED); // L28
        report(batch, i, crc32c, failures[i]);
        continue;
      }
      long end = source.lengthBytes();
      value.asSlice(end, Blocks.roundUp(end) - end).fill((byte) 0); // a table may follow
    }
  }

  private void writeAll(MoveBatch batch) {
    for (int i = 0; i < batch.count(); ) {
      if (batch.state(i) != MoveBatch.State.PLACED) {
        i++;
        continue;
      }
      int end = i + 1;
      while (end < batch.count()
          && batch.state(end) == MoveBatch.State.PLACED
          && batch.newStart(end) == batch.newStart(end - 1) + batch.blocks(end - 1)) {
        end++;
      }
      long blocks = bufferBlocks[end - 1] + batch.blocks(end - 1) - bufferBlocks[i];
      boolean written = write(slice(bufferBlocks[i], blocks), batch.newStart(i));
      for (; i < end; i++) {
        batch.state(i, written ? MoveBatch.State.COPIED : MoveBatch.State.WRITE_FAILED);
      }
    }
  }

  private boolean write(MemorySegment source, long block) {
    poison.check(); // L24
    try {
      disk.write(source, Blocks.offset(block));
      return true;
    } catch (NativeException e) {
      writeFailure = writeFailure == null ? e : writeFailure;
      return false;
    }
  }

  private void copyInParts(MoveBatch batch, BackgroundWork pace) {
    BlobLocation source = batch.source(0);
    CRC32C crc = new CRC32C();
    NativeException failure = null;
    long partBlocks = Blocks.count(pace.stepBytesMax());
    for (long block = 0; block < batch.blocks() && failure == null; block += partBlocks) {
      if (block > 0) {
        pace.rest(Blocks.offset(partBlocks));
      }
      MemorySegment part = slice(0, Math.min(partBlocks, batch.blocks() - block));
      uncountedBytes = part.byteSize();
      long valueLeft = source.lengthBytes() - Blocks.offset(block);
      long length = Math.clamp(valueLeft, 0, part.byteSize());
      long padded = Math.clamp(Blocks.roundUp(Math.max(0, valueLeft)), 0, part.byteSize());
      failure = read(part, source.startBlock() + block);
      if (!batch.isUnchanged(0)) {
        batch.state(0, MoveBatch.State.CHANGED);
        return;
      }
      Checksum.update(crc, part.asSlice(0, length));
      part.asSlice(length, padded - length).fill((byte) 0);
      keepTable(source, part, block);
      if (failure == null && !write(part, batch.newStart(0) + block)) {
        batch.state(0, MoveBatch.State.WRITE_FAILED);
        return;
      }
    }
    boolean tableIsGood =
        !source.hasTable() || ChecksumTable.folded(table, source.lengthBytes()) == source.crc32c();
    if (failure != null || (int) crc.getValue() != source.crc32c() || !tableIsGood) {
      batch.state(0, MoveBatch.State.DAMAGED); // L28
      report(batch, 0, (int) crc.getValue(), failure);
    } else {
      batch.state(0, MoveBatch.State.COPIED);
    }
  }

  /** Keeps what a part holds of the checksum table, to be looked at in the end. */
  private void keepTable(BlobLocation source, MemorySegment part, long block) {
    if (!source.hasTable()) {
      return;
    }
    long tableStart = Blocks.roundUp(source.lengthBytes());
    long partStart = Blocks.offset(block);
    long from = Math.max(tableStart, partStart);
    long bytes = partStart + part.byteSize() - from;
    if (bytes > 0) {
      MemorySegment.copy(part, from - partStart, table, from - tableStart, bytes);
    }
  }

  private void report(MoveBatch batch, int i, int actual, @Nullable NativeException cause) {
    BlobId id = new BlobId(batch.idHigh(i), batch.idLow(i));
    long found = cause == null ? actual & 0xffff_ffffL : -1;
    damaged.accept(BlobDamage.of(id, batch.source(i), found, cause));
  }

  @Override
  public void close() {
    memory.close();
  }
}
