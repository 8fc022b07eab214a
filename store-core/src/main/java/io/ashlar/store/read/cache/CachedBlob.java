package io.ashlar.store.read.cache;

import io.ashlar.store.disk.LentMemory;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.index.BlobLocation;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A blob in the cache's memory with a count of its users: the thread that fills it, the cache while
 * it keeps it, and each reader. Its memory goes back with the last of them, so no reader ever sees
 * it used for something else.
 *
 * <p>Thread: any. The bytes are written by who made it, before it is handed to the cache.
 */
public final class CachedBlob implements LentMemory {

  private static final VarHandle USERS;

  static {
    try {
      USERS = MethodHandles.lookup().findVarHandle(CachedBlob.class, "users", int.class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  private final CacheMemory memory;
  private final int start;
  private final int blocks;
  private final MemorySegment room;
  private final MemorySegment value;
  private final BlobLocation location = new BlobLocation(); // set before it is published

  @SuppressWarnings("unused") // through USERS
  private int users = 1;

  /** Makes one over a run of blocks, used by who makes it. */
  CachedBlob(CacheMemory memory, int start, int blocks, BlobLocation of) {
    this.memory = memory;
    this.start = start;
    this.blocks = blocks;
    room = memory.slice(start, blocks);
    value = room.asSlice(0, of.lengthBytes()).asReadOnly();
    location.setTo(of);
  }

  /** Returns how many blocks a blob of {@code length} bytes takes. */
  public static int blocks(long length) {
    return (int) Math.max(1, Blocks.count(length));
  }

  /** Returns whether it is what an index entry says (rule L21). */
  public boolean isOf(BlobLocation entry) {
    return location.sameAs(entry); // L21
  }

  /** Returns the whole blocks, to be filled by who made it. */
  public MemorySegment room() {
    return room;
  }

  /** Returns the blob's bytes, read-only. */
  public MemorySegment value() {
    return value;
  }

  /** Returns its weight. */
  public int blocks() {
    return blocks;
  }

  /** Becomes one of its users, unless the last one has gone. */
  boolean retain() {
    while (true) {
      int now = (int) USERS.getAcquire(this);
      if (now == 0) {
        return false;
      }
      if (USERS.weakCompareAndSetAcquire(this, now, now + 1)) {
        return true;
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void release() {
    int before = (int) USERS.getAndAdd(this, -1);
    if (before == 1) {
      memory.free(start, blocks);
    } else if (before < 1) {
      throw new IllegalStateException("a cached blob was released too often");
    }
  }
}
