package io.ashlar.store.disk;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The free buffers of one size class: a lock-free stack of numbers (Treiber, <i>Systems
 * programming: coping with parallelism</i>, IBM RJ 5118, 1986).
 *
 * <p>The head is one long: the number on top plus 1 (bits 0-31, 0 is empty) and a tag that every
 * change raises (bits 32-63). The tag distinguishes an unchanged head from one that came back after
 * other changes. Last in, first out: the buffer most likely to be in a processor's cache goes out
 * first.
 *
 * <p>Thread: any. Allocates nothing after construction.
 */
final class BufferStack {
  static final int EMPTY = -1;

  /** Longs between the fields that threads contend for, so that they share no cache line. */
  private static final int PADDING = 16;

  private static final int HEAD = PADDING;
  private static final int COUNT = 2 * PADDING;
  private static final VarHandle FIELD = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle NEXT = MethodHandles.arrayElementVarHandle(int[].class);

  private final long[] fields = new long[3 * PADDING];
  private final int[] next;

  /** Creates an empty stack for the numbers 0 to {@code capacity} exclusive. */
  BufferStack(int capacity) {
    next = new int[capacity];
  }

  /** Takes the number on top, or returns {@link #EMPTY}. */
  int pop() {
    while (true) {
      long head = (long) FIELD.getAcquire(fields, HEAD);
      int top = (int) head;
      if (top == 0) {
        return EMPTY;
      }
      // Meaningless when another thread took the top meanwhile: the tag then fails the exchange.
      int below = (int) NEXT.getOpaque(next, top - 1);
      if (FIELD.weakCompareAndSetAcquire(fields, HEAD, head, raised(head) | below)) {
        FIELD.getAndAddAcquire(fields, COUNT, -1L);
        return top - 1;
      }
      Thread.onSpinWait();
    }
  }

  /** Puts a number on top; it must not be on the stack. */
  void push(int number) {
    FIELD.getAndAddRelease(fields, COUNT, 1L);
    while (true) {
      long head = (long) FIELD.getAcquire(fields, HEAD);
      NEXT.setOpaque(next, number, (int) head);
      if (FIELD.weakCompareAndSetRelease(fields, HEAD, head, raised(head) | (number + 1))) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  boolean isEmpty() {
    return (int) (long) FIELD.getAcquire(fields, HEAD) == 0;
  }

  /** Returns how many numbers are on the stack, exact when no thread is pushing or popping. */
  long count() {
    return (long) FIELD.getOpaque(fields, COUNT);
  }

  private static long raised(long head) {
    return ((head >>> 32) + 1) << 32;
  }
}
