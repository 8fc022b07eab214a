package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.format.SuperblockFormat;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the two superblock copies. Each write is durable before the next begins, and
 * goes over the copy that is not current (rules L5, L12): whatever a crash tears, the other copy is
 * whole.
 *
 * <p>Thread: one at a time, with nobody else writing.
 */
public final class SuperblockPair implements AutoCloseable {

  private final Disk disk;
  private final NativeMemory memory = NativeMemory.reserve(3L * Blocks.BYTES);
  private final IoVectors vectors = new IoVectors(1);
  private @Nullable Superblock current;
  private int currentCopy;

  /** Creates one that has read nothing yet. */
  public SuperblockPair(Disk disk) {
    this.disk = disk;
  }

  /**
   * Reads both copies.
   *
   * @return whether there is a store; false when none was ever completely made.
   * @throws CorruptionException if there was one and neither copy is valid.
   * @throws StoreOpenException if the file is something else.
   * @throws io.ashlar.store.FormatVersionException if a copy is of another version.
   */
  boolean read() {
    MemorySegment blocks = memory.segment().asSlice(0, 3L * Blocks.BYTES);
    blocks.fill((byte) 0);
    var _ = disk.read(blocks, 0);
    long seen = 0;
    for (int copy = 0; copy < SuperblockFormat.COPIES; copy++) {
      Superblock decoded = SuperblockFormat.decode(block(copy), copy);
      Superblock best = current;
      if (decoded != null && (best == null || decoded.generation() > best.generation())) {
        current = decoded;
        currentCopy = copy;
      }
      seen += decoded != null ? 1 : 0;
    }
    if (seen > 0) {
      return true;
    }
    // Copy 0 is written and synced first when a store is made, and the log only after both copies:
    // so
    // this is a store whose making was cut short, and nothing was ever acknowledged.
    if (SuperblockFormat.isBlank(block(1)) && SuperblockFormat.isBlank(block(2))) {
      return false;
    }
    if (!SuperblockFormat.hasMagic(block(0)) && !SuperblockFormat.hasMagic(block(1))) {
      throw new StoreOpenException(
          "the file is no Ashlar data file: choose another folder, or move the file away", null);
    }
    throw new CorruptionException(
        "both superblock copies are damaged: restore the store from its tier or a backup",
        null,
        0,
        0,
        0,
        null);
  }

  private MemorySegment block(int index) {
    return memory.segment().asSlice((long) index * Blocks.BYTES, Blocks.BYTES);
  }

  /** Returns the current content. */
  public Superblock current() {
    Superblock superblock = current;
    if (superblock == null) {
      throw new IllegalStateException("no superblock was read");
    }
    return superblock;
  }

  /** Writes the first content of a new store to both copies. */
  void create(Superblock superblock) {
    writeCopy(superblock, 0);
    writeCopy(superblock, 1);
    current = superblock;
    currentCopy = 1;
  }

  /** Writes the fence to both copies, the one not recovered from first (rule L5). */
  void fence(long incarnation, long sequence) {
    for (int i = 0; i < SuperblockFormat.COPIES; i++) {
      Superblock now = current();
      writeNext(now.withFence(incarnation, now.generation() + 1, sequence));
    }
  }

  /** Sets the tiered flag in both copies. */
  public void setTiered() {
    for (int i = 0; i < SuperblockFormat.COPIES; i++) {
      Superblock now = current();
      writeNext(now.withTiered(now.generation() + 1));
    }
  }

  private void writeNext(Superblock next) {
    int copy = 1 - currentCopy;
    writeCopy(next, copy);
    current = next;
    currentCopy = copy;
  }

  private void writeCopy(Superblock superblock, int copy) {
    MemorySegment block = block(copy);
    SuperblockFormat.encode(superblock, copy, block);
    vectors.clear();
    vectors.add(block);
    disk.write(vectors, Blocks.offset(copy), true);
  }

  @Override
  public void close() {
    vectors.close();
    memory.close();
  }
}
