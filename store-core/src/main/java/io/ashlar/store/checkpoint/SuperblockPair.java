package io.ashlar.store.checkpoint;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.format.SuperblockFormat;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the two superblock copies. Each keeps the pointer to its own generation's index
 * checkpoint. Each write is durable before the next begins, and one that changes a pointer goes
 * over the older copy (rules L5, L12): whatever a crash tears, the other copy is whole.
 *
 * <p>Thread: one at a time: the one that opens the store, then the commit role's holder.
 */
public final class SuperblockPair implements AutoCloseable {

  private final Disk disk;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory = NativeMemory.reserveIn(arena, 3L * Blocks.BYTES);
  private final IoVectors vectors = new IoVectors(1, arena);
  private final @Nullable Superblock[] copies = new @Nullable Superblock[SuperblockFormat.COPIES];

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
  public boolean read() {
    memory.fill((byte) 0);
    long _ = disk.read(memory, 0);
    boolean any = false;
    for (int copy = 0; copy < SuperblockFormat.COPIES; copy++) {
      copies[copy] = SuperblockFormat.decode(block(copy), copy);
      any |= copies[copy] != null;
    }
    if (any) {
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
    return memory.asSlice((long) index * Blocks.BYTES, Blocks.BYTES);
  }

  private int newerCopy() {
    Superblock first = copies[0];
    Superblock second = copies[1];
    if (first == null || second == null) {
      return first == null ? 1 : 0;
    }
    return second.generation() > first.generation() ? 1 : 0;
  }

  /** Returns the copy of the newer generation. */
  public Superblock newer() {
    Superblock superblock = copies[newerCopy()];
    if (superblock == null) {
      throw new IllegalStateException("no superblock was read");
    }
    return superblock;
  }

  /** Returns the copy of the older generation, or null when it is not valid. */
  public @Nullable Superblock older() {
    return copies[1 - newerCopy()];
  }

  /** Writes the first content of a new store to both copies. */
  public void create(Superblock superblock) {
    writeCopy(superblock, 0);
    writeCopy(superblock, 1);
  }

  /**
   * Writes the fence to both copies, the one not recovered from first (rule L5).
   *
   * @param fromNewer whether the newer copy was recovered from.
   * @param keepOther whether the other copy's generation is usable; else that copy is repaired.
   */
  public void fence(boolean fromNewer, boolean keepOther, long incarnation, long sequence) {
    int copy = fromNewer ? newerCopy() : 1 - newerCopy();
    Superblock recovered = Objects.requireNonNull(copies[copy]);
    Superblock other = copies[1 - copy];
    Superblock base = keepOther && other != null ? other : recovered;
    assert incarnation > recovered.incarnation()
            && (other == null || incarnation > other.incarnation())
        : "L7: an incarnation came again";
    assert sequence >= recovered.base().sequence() : "L5: the fence lies before what it is to keep";
    writeCopy(base.withFence(incarnation, sequence), 1 - copy);
    writeCopy(recovered.withFence(incarnation, sequence), copy);
  }

  /** Sets the tiered flag in both copies. */
  public void setTiered() {
    int newer = newerCopy();
    for (int copy : new int[] {1 - newer, newer}) {
      Superblock superblock = copies[copy];
      if (superblock != null) {
        writeCopy(superblock.withTiered(), copy);
      }
    }
  }

  /** Points the older copy at a new checkpoint, which makes it the newer one (rule L12). */
  void flip(Generation generation) {
    Generation.Chunk last = Objects.requireNonNull(generation.last());
    assert generation.covered() >= generation.base().sequence()
        : "L12: the checkpoint holds less than it says";
    writeCopy(
        newer()
            .withCheckpoint(
                generation.base(),
                generation.covered(),
                last.start(),
                last.blocks(),
                Blocks.offset(generation.blocks()),
                generation.crc32c()),
        1 - newerCopy());
  }

  private void writeCopy(Superblock superblock, int copy) {
    MemorySegment block = block(copy);
    SuperblockFormat.encode(superblock, copy, block);
    vectors.clear();
    vectors.add(block);
    disk.write(vectors, Blocks.offset(copy), true);
    copies[copy] = superblock;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
