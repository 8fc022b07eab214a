package io.ashlar.store.spi;

import java.lang.foreign.MemorySegment;

/**
 * Native memory for large transfers: aligned to 2 MiB, zeroed, on huge pages where the kernel has
 * them. Its first use costs a page fault for 2 MiB rather than one for 4 KiB, and reading into it
 * pins one page rather than hundreds.
 *
 * <p>Thread: any. Lifetime: until {@link #close}, after which any access throws; it does not end
 * with the store or snapshot that gave it.
 */
public interface LargeMemory extends AutoCloseable {
  /** The memory: exactly the bytes that were asked for. */
  MemorySegment segment();

  /** Frees it; idempotent. Whoever closes it makes sure that nothing reads into it any more. */
  @Override
  void close();
}
