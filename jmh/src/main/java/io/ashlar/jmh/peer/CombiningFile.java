package io.ashlar.jmh.peer;

import io.ashlar.uring.NativeFile;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The raw limit for many threads: whoever comes first while a write is in progress leads the next
 * group, which it writes with one direct RWF_DSYNC write for all. No index, no checksum.
 *
 * <pre>
 *   gathering ── the write before has ended ──▶ writing ── written ──▶ done (followers are woken)
 * </pre>
 */
public final class CombiningFile implements PeerStore {

  private static final int GROUP_MAX = 128;
  private static final int GROUPS = 64;
  private static final int RECORD_BYTES = 4096; // what Ashlar writes beside the values

  private final long groupBytes;
  private final NativeFile file;
  private final NativeMemory memory;
  private final Object lock = new Object();
  private Group gathering; // guarded by lock
  private int nextBuffer; // guarded by lock
  private long nextOffset; // written by the leader in turn
  private final @Nullable GrowingEnd growing;

  /** Writes a file ahead for groups of at most 128 batches of {@code batchBytes} bytes. */
  public CombiningFile(Path folder, long batchBytes) {
    this(folder, batchBytes, false);
  }

  /**
   * Writes a file ahead which also grows: for each group of batches that Ashlar would write, with a
   * record of 4 KiB, as many zeroes are appended beside the commits.
   */
  public static CombiningFile growing(Path folder, long batchBytes) {
    return new CombiningFile(folder, batchBytes, true);
  }

  private CombiningFile(Path folder, long batchBytes, boolean grows) {
    groupBytes = GROUP_MAX * batchBytes;
    file = RawFile.prewritten(folder.resolve("values"), GROUPS * groupBytes);
    memory = NativeMemory.allocate(2 * groupBytes);
    gathering = new Group(null, 0);
    growing = grows ? new GrowingEnd(file, GROUPS * groupBytes) : null;
  }

  @Override
  public String durability() {
    return "O_DIRECT overwrite + RWF_DSYNC, threads combined into one write, no index"
        + (growing == null ? "" : ", zeroes appended in parts of 2 MiB, each synced");
  }

  @Override
  public PeerWriter openWriter() {
    return this::commit;
  }

  private void commit(BlobBatch batch) {
    Group group;
    int member;
    synchronized (lock) {
      group = gathering;
      member = group.join(batch);
    }
    if (member == 0) {
      lead(group);
    } else {
      group.awaitDone();
    }
  }

  private void lead(Group group) {
    if (group.before != null) {
      group.before.awaitDone();
      group.before = null;
    }
    int members;
    synchronized (lock) {
      members = group.members;
      nextBuffer ^= 1;
      gathering = new Group(group, nextBuffer);
    }
    MemorySegment bytes = memory.segment().asSlice(group.buffer * groupBytes, group.bytes);
    file.write(bytes, nextOffset, true);
    nextOffset = (nextOffset + groupBytes) % (GROUPS * groupBytes);
    if (growing != null) {
      growing.used(group.bytes + RECORD_BYTES);
    }
    group.finish(members);
  }

  /** Reads as many bytes as a batch has, at a place that depends on the id. */
  @Override
  public long read(int id, ReadBuffer target) {
    long batchBytes = groupBytes / GROUP_MAX;
    long place = id % (GROUPS * GROUP_MAX);
    return file.read(target.segment().asSlice(0, batchBytes), place * batchBytes);
  }

  @Override
  public long bytesGrown() {
    return growing == null ? 0 : growing.grownBytes();
  }

  @Override
  public String remarks() {
    return growing == null ? "" : "grew " + (bytesGrown() >> 20) + " MiB";
  }

  @Override
  public void close() {
    if (growing != null) {
      growing.close();
    }
    file.close();
    memory.close();
  }

  /** The batches of one write. */
  private final class Group {

    private final int buffer;
    private final @Nullable Thread[] threads = new Thread[GROUP_MAX]; // guarded by lock
    private @Nullable Group before; // read by the leader
    private int members; // guarded by lock
    private long bytes; // guarded by lock
    private volatile boolean done; // written by the leader, read by those who wait

    Group(@Nullable Group before, int buffer) {
      this.before = before;
      this.buffer = buffer;
    }

    /** Adds a batch; returns its place. Thread: holds the lock. */
    int join(BlobBatch batch) {
      long to = buffer * groupBytes + bytes;
      MemorySegment.copy(batch.all(), 0, memory.segment(), to, batch.totalBytes());
      bytes += batch.totalBytes();
      threads[members] = Thread.currentThread();
      return members++;
    }

    void awaitDone() {
      while (!done) {
        LockSupport.park(this);
      }
    }

    void finish(int count) {
      done = true;
      // The next leader first: it is what the disk waits for.
      Thread nextLeader;
      synchronized (lock) {
        nextLeader = gathering.threads[0];
      }
      LockSupport.unpark(nextLeader);
      for (int i = 1; i < count; i++) {
        LockSupport.unpark(threads[i]);
      }
    }
  }
}
