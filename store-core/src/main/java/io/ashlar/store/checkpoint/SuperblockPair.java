package io.ashlar.store.checkpoint;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.disk.BadBlockReads;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.format.SuperblockFormat;
import io.ashlar.store.spi.ManifestNotes;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the two superblock copies. Each keeps the pointer to its own generation's index
 * checkpoint. Each write is durable before the next begins. A write that changes a pointer
 * overwrites the older copy (rules L5, L12). Whichever copy a crash tears, the other is whole.
 *
 * <p><b>Notes of manifests</b> (rule L32) are in both copies before the manifest is sent, the older
 * copy first. The higher count of the two copies is valid.
 *
 * <table>
 *   <caption>A crash at each step of a note</caption>
 *   <tr><th>crash</th><th>the next open finds</th></tr>
 *   <tr><td>in the write of the first copy</td><td>the note before; the manifest was not sent</td>
 *       </tr>
 *   <tr><td>between the writes, or in the second</td><td>the new note, in the first copy: of a
 *       manifest that was never sent, which does no harm. The fence writes it to both</td></tr>
 *   <tr><td>after both</td><td>the new note, also when either copy is damaged later</td></tr>
 * </table>
 *
 * <p>Thread: any. Writes exclude each other by a lock that is held during the write. The commit
 * role's holder never takes it, so no commit waits for a superblock.
 */
public final class SuperblockPair implements AutoCloseable {

  private final Disk disk;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory = NativeMemory.reserveIn(arena, 3L * Blocks.BYTES);
  private final IoVectors vectors = new IoVectors(1, arena);
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock, as are the memory and the vectors.
  private final @Nullable Superblock[] copies = new @Nullable Superblock[SuperblockFormat.COPIES];

  /** Creates one that has read nothing yet. */
  public SuperblockPair(Disk disk) {
    this.disk = disk;
  }

  /**
   * Reads both copies. One that cannot be read counts as damaged.
   *
   * @throws CorruptionException if no copy is valid.
   * @throws StoreOpenException if the file is empty, begins with zeroes or is something else, or
   *     neither copy is whole and one cannot be read.
   * @throws io.ashlar.store.FormatVersionException if a copy is of another version.
   */
  public void read() {
    memory.fill((byte) 0);
    BadBlockReads reads = new BadBlockReads(disk);
    long _ = reads.read(memory, memory.byteSize(), 0);
    boolean any = false;
    for (int copy = 0; copy < SuperblockFormat.COPIES; copy++) {
      copies[copy] = SuperblockFormat.decode(block(copy), copy);
      any |= copies[copy] != null;
    }
    if (any) {
      return;
    }
    NativeException failure = reads.failure();
    if (failure != null) {
      throw new StoreOpenException(
          "no superblock copy can be read: check the device; if the error persists, restore the"
              + " store from its tier or a backup: failure="
              + failure.getMessage(),
          failure);
    }
    if (SuperblockFormat.isBlank(memory)) {
      throw new StoreOpenException(
          "the data file is empty, or begins with zeroes, and holds no store: restore the store"
              + " from its tier or a backup; if no data was ever stored here, remove the file and"
              + " open again to create a new store: fileBytes="
              + disk.size(),
          null);
    }
    if (!SuperblockFormat.hasMagic(block(0)) && !SuperblockFormat.hasMagic(block(1))) {
      throw new StoreOpenException(
          "the file is not an Ashlar data file: choose another folder, or move the file away",
          null);
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
    lock.lock();
    try {
      Superblock superblock = copies[newerCopy()];
      if (superblock == null) {
        throw new IllegalStateException("no superblock was read");
      }
      return superblock;
    } finally {
      lock.unlock();
    }
  }

  /** Returns the copy of the older generation, or null when it is not valid. */
  public @Nullable Superblock older() {
    lock.lock();
    try {
      return copies[1 - newerCopy()];
    } finally {
      lock.unlock();
    }
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
    ManifestNotes notes = notes();
    assert incarnation > recovered.incarnation()
            && (other == null || incarnation > other.incarnation())
        : "L7: an incarnation was repeated";
    assert sequence >= recovered.base().sequence()
        : "L5: the fence precedes a record that it must keep";
    Superblock.Fence fence = new Superblock.Fence(incarnation, sequence);
    writeCopy(base.withFence(fence).withNotes(notes), 1 - copy);
    writeCopy(recovered.withFence(fence).withNotes(notes), copy);
  }

  /** Sets the tiered flag in both copies, unless it is set. */
  public void setTiered() {
    lock.lock();
    try {
      if (!newer().tiered()) {
        writeBoth(Superblock::withTiered);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Returns the notes of both copies that hold: those with the higher count (rule L32). */
  public ManifestNotes notes() {
    lock.lock();
    try {
      ManifestNotes notes = newer().notes();
      Superblock other = older();
      return other != null && other.notes().count() > notes.count() ? other.notes() : notes;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes changed notes durable in both copies. A manifest may be sent only after this (rule L32).
   *
   * @param change receives the current notes and returns the next ones, or equal ones to keep them.
   */
  public void note(UnaryOperator<ManifestNotes> change) {
    lock.lock();
    try {
      ManifestNotes before = notes();
      ManifestNotes notes = change.apply(before);
      if (!notes.equals(before)) {
        assert notes.count() > before.count() : "L32: these notes are not newer than the last";
        writeBoth(superblock -> superblock.withNotes(notes));
      }
    } finally {
      lock.unlock();
    }
  }

  private void writeBoth(UnaryOperator<Superblock> change) {
    int newer = newerCopy();
    for (int copy : new int[] {1 - newer, newer}) {
      Superblock superblock = copies[copy];
      if (superblock != null) {
        writeCopy(change.apply(superblock), copy);
      }
    }
  }

  /** Points the older copy at a new checkpoint, which makes it the newer one (rule L12). */
  void flip(Generation generation) {
    Generation.Chunk last = Objects.requireNonNull(generation.last());
    assert generation.covered() >= generation.base().sequence()
        : "L12: the checkpoint covers less than its log position";
    Superblock.Checkpoint checkpoint =
        new Superblock.Checkpoint(
            generation.base(),
            generation.covered(),
            last.start(),
            last.blocks(),
            Blocks.offset(generation.blocks()),
            generation.crc32c());
    lock.lock();
    try {
      writeCopy(newer().withCheckpoint(checkpoint), 1 - newerCopy()); // L12
    } finally {
      lock.unlock();
    }
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
