package io.ashlar.uring;

import io.ashlar.uring.libc.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.LongAdder;

/**
 * Anonymous memory outside the Java heap: 2 MiB-aligned, zeroed, on huge pages where the kernel has
 * them, left out of core dumps.
 *
 * <p>Thread: the segment may be used by every thread, unless it is confined. Lifetime: until {@link
 * #close()}, after which any access throws. Source: mmap(2), madvise(2).
 */
public final class NativeMemory implements AutoCloseable {
  /** Every allocation starts at a multiple of this: the size of a huge page. */
  public static final long ALIGNMENT = 2L << 20;

  private static final long PAGE_BYTES = 4096;
  private static final LongAdder MAPPED_BYTES = new LongAdder();

  private final Arena arena;
  private final MemorySegment segment;
  private long untouchedBytes;

  private NativeMemory(Arena arena, long bytes) {
    this.arena = arena;
    this.segment = reserveIn(arena, bytes);
  }

  /**
   * Maps memory and touches every page of it, so that no later access faults.
   *
   * @param bytes more than 0; the mapping is rounded up to whole pages, and to a huge page that
   *     would be at least half full.
   * @throws NativeException if the memory cannot be had; the subject says what to change.
   */
  public static NativeMemory allocate(long bytes) {
    return allocate(bytes, bytes);
  }

  /**
   * Maps memory and touches the end of it, at least.
   *
   * @param bytes more than 0; the mapping is rounded up to whole pages, and to a huge page that
   *     would be at least half full.
   * @param touchedBytes how much to touch; before Linux 5.14 everything is.
   * @throws NativeException if the memory cannot be had; the subject says what to change.
   */
  public static NativeMemory allocate(long bytes, long touchedBytes) {
    NativeMemory memory = reserve(bytes);
    try {
      memory.untouchedBytes = memory.touchLast(touchedBytes);
    } catch (NativeException failure) {
      memory.close();
      throw failure;
    }
    return memory;
  }

  /**
   * Maps memory without touching it: pages appear, zeroed, at their first access.
   *
   * @param bytes more than 0; the mapping is rounded up to whole pages, and to a huge page that
   *     would be at least half full.
   * @throws NativeException if the address space cannot be reserved; the subject names the remedy.
   */
  public static NativeMemory reserve(long bytes) {
    // Shared, and closed once in the life of the memory: never per operation.
    return new NativeMemory(Arena.ofShared(), bytes);
  }

  /**
   * Maps memory as {@link #reserve(long)} does, which only this thread may use and close. Closing
   * it is cheap: shared memory asks every thread of the process whether it is using it.
   *
   * @param bytes more than 0; the mapping is rounded up to whole pages, and to a huge page that
   *     would be at least half full.
   * @throws NativeException if the address space cannot be reserved; the subject names the remedy.
   */
  public static NativeMemory reserveConfined(long bytes) {
    return new NativeMemory(Arena.ofConfined(), bytes);
  }

  /**
   * Maps memory as {@link #reserve(long)} does, which an arena unmaps when it is closed.
   *
   * @param bytes more than 0; the mapping is rounded up to whole pages, and to a huge page that
   *     would be at least half full.
   * @throws NativeException if the address space cannot be reserved; the subject names the remedy.
   */
  public static MemorySegment reserveIn(Arena arena, long bytes) {
    if (bytes <= 0 || bytes > Long.MAX_VALUE - 2 * ALIGNMENT) {
      throw new IllegalArgumentException("memory must have a positive size: bytes=" + bytes);
    }
    NativeAccess.require();
    long wanted = mappingBytes(bytes);
    long whole = wanted + ALIGNMENT;
    long start =
        LibcCalls.mmap(
            0,
            whole,
            Libc.PROT_READ() | Libc.PROT_WRITE(),
            Libc.MAP_PRIVATE() | Libc.MAP_ANONYMOUS() | Libc.MAP_NORESERVE());
    // An address is never within the last page, which is where negated error numbers lie.
    if (start < 0 && start > -PAGE_BYTES) {
      throw new NativeException("mmap", (int) -start, remedy(bytes));
    }
    long address = (start + ALIGNMENT - 1) & -ALIGNMENT;
    unmap(start, address - start);
    unmap(address + wanted, start + whole - address - wanted);
    // Both are advice: a kernel without huge pages, or without the flag, still gives good memory.
    LibcCalls.madvise(address, wanted, Libc.MADV_HUGEPAGE());
    LibcCalls.madvise(address, wanted, Libc.MADV_DONTDUMP());
    MAPPED_BYTES.add(wanted);
    return MemorySegment.ofAddress(address)
        .reinterpret(
            bytes,
            arena,
            _ -> {
              unmap(address, wanted);
              MAPPED_BYTES.add(-wanted);
            });
  }

  /**
   * Returns another view of native memory, which lives as an arena does and not as the memory. The
   * caller keeps the memory mapped at least as long as the arena is open.
   */
  public static MemorySegment viewIn(Arena arena, MemorySegment memory) {
    return MemorySegment.ofAddress(memory.address()).reinterpret(memory.byteSize(), arena, null);
  }

  /**
   * Returns the memory: exactly the bytes asked for, starting at a multiple of {@link #ALIGNMENT}.
   */
  public MemorySegment segment() {
    return segment;
  }

  /** Returns how many bytes at the beginning were not touched when it was allocated. */
  public long untouchedBytes() {
    return untouchedBytes;
  }

  /**
   * Unmaps the memory; idempotent. The caller has made sure that no ring operation still uses it.
   *
   * @throws IllegalStateException if a downcall is using the memory at this moment; nothing is
   *     unmapped then.
   */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /**
   * Returns the bytes of this process that are mapped here and not closed yet, in whole pages; what
   * leaks shows here. Exact when no thread maps or closes memory.
   */
  public static long mappedBytes() {
    return MAPPED_BYTES.sum();
  }

  /**
   * Whole pages, and a whole huge page for an end of half of one or more: one fault for hundreds.
   */
  private static long mappingBytes(long bytes) {
    long hugePages = (bytes + ALIGNMENT / 2) & -ALIGNMENT;
    return Math.max(hugePages, (bytes + PAGE_BYTES - 1) & -PAGE_BYTES);
  }

  /**
   * Touches the pages of a part of some mapped memory, whose bytes stay unchanged.
   *
   * @param part starts at a page; it stays mapped until this returns.
   * @return false when the kernel has no such advice (before Linux 5.14), or no memory.
   */
  public static boolean populate(MemorySegment part) {
    return populate(part.address(), part.byteSize()) == 0;
  }

  private static int populate(long address, long bytes) {
    return LibcCalls.madvise(address, bytes, Libc.MADV_POPULATE_WRITE());
  }

  private long touchLast(long bytes) {
    long first = Math.max(0, segment.byteSize() - bytes) & -ALIGNMENT;
    int result = populate(segment.address() + first, mappingBytes(segment.byteSize()) - first);
    if (result == -Errno.EINVAL) {
      // Before Linux 5.14 there is no such advice.
      for (long offset = 0; offset < segment.byteSize(); offset += PAGE_BYTES) {
        segment.set(ValueLayout.JAVA_BYTE, offset, (byte) 0);
      }
      first = 0;
    } else if (result < 0) {
      throw new NativeException("madvise", -result, remedy(segment.byteSize()));
    }
    return first;
  }

  private static void unmap(long address, long bytes) {
    if (bytes > 0) {
      int result = LibcCalls.munmap(address, bytes);
      if (result < 0) {
        throw new NativeException(
            "munmap", -result, "address=" + Long.toHexString(address) + ", bytes=" + bytes);
      }
    }
  }

  private static String remedy(long bytes) {
    return "bytes="
        + bytes
        + "; use less memory (a smaller pool), or raise the limit of the container, ulimit -v or"
        + " vm.max_map_count";
  }
}
