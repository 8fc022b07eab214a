package io.ashlar.store.snapshot;

import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The entries that were superseded while one snapshot was the newest, each with the version and the
 * extent that it had; at most one of an id. Entries are added and never taken out one by one: all
 * go with the memory, when the owner has let go and no reader is left.
 *
 * <p>Thread: {@link #add}, {@link #has}, {@link #retire} and the walk by the commit role's holder;
 * {@link #tryEnter}, {@link #exit}, and reading between the two, by any. Memory: none until the
 * first entry.
 */
final class SupersededEntries {

  private static final VarHandle USERS;

  static {
    try {
      USERS = MethodHandles.lookup().findVarHandle(SupersededEntries.class, "users", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final BlobIndex like;
  private final BlobLocation scratch = new BlobLocation(); // the role's
  private volatile @Nullable BlobIndex table; // written by the role's holder, read by any thread
  private long count;
  private long lastSequence;

  @SuppressWarnings("unused") // through USERS: the owner and the readers; at 0 the memory goes
  private int users = 1;

  /** Creates an empty set, to be walked in the order of {@code like}. */
  SupersededEntries(BlobIndex like) {
    this.like = like;
  }

  /**
   * Adds a copy of an entry of an id that is not here yet.
   *
   * @param sequence the record that supersedes it.
   * @throws io.ashlar.uring.NativeException if memory cannot be had; nothing was added.
   */
  void add(long idHigh, long idLow, BlobLocation entry, long sequence) {
    BlobIndex known = table;
    if (known == null) {
      known = like.newEmpty();
      table = known;
    }
    known.load(idHigh, idLow, entry);
    count++;
    lastSequence = Math.max(lastSequence, sequence);
  }

  /** Returns whether there is an entry of an id. */
  boolean has(long idHigh, long idLow) {
    BlobIndex known = table;
    return known != null
        && (known.find(idHigh, idLow, scratch) || scratch.kind() != BlobLocation.Kind.ABSENT);
  }

  /** Returns the entries; null while there are none. Thread: the role's, or one that entered. */
  @Nullable BlobIndex table() {
    return table;
  }

  /** Returns how many entries were added. */
  long count() {
    return count;
  }

  /** Returns the last record that superseded one of the entries. */
  long lastSequence() {
    return lastSequence;
  }

  /** Returns the bytes of native memory. */
  long memoryBytes() {
    BlobIndex known = table;
    return known == null ? 0 : known.memoryBytes();
  }

  /** Begins to read, unless the owner has let go. Never waits. */
  boolean tryEnter() {
    int seen = (int) USERS.getAcquire(this);
    while (seen > 0) {
      if (USERS.compareAndSet(this, seen, seen + 1)) {
        return true;
      }
      seen = (int) USERS.getAcquire(this);
    }
    return false;
  }

  /** Ends what {@link #tryEnter} began; frees the memory if this was the last. */
  void exit() {
    if ((int) USERS.getAndAdd(this, -1) == 1) {
      BlobIndex known = table;
      if (known != null) {
        known.close();
      }
    }
  }

  /** Releases the set, once: no reader enters any more, and the last to leave frees the memory. */
  void retire() {
    exit();
  }
}
