package io.ashlar.store.disk;

import io.ashlar.store.Interleavings;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Threads that take free buffers and give them back: none goes to two, and none is lost. */
@Tag("campaign")
@Timeout(300)
class BufferStackLincheckTest {
  private static final int BUFFERS = 3;
  private static final int THREADS_MAX = 6;
  private static final int OPERATIONS_MAX = 16; // of one thread

  @Test
  void shouldBeAStackInEveryInterleaving() {
    Interleavings.explore(3, 4, 100).sequentialSpecification(Model.class).check(Subject.class);
  }

  /** A buffer that is back on top while another thread is still about to take it. */
  @Test
  void shouldTellATopThatCameBackFromOneThatStayed() {
    Actor take = Interleavings.call(Subject.class, "take", 2);
    Interleavings.explore(1, 0, 1_000)
        .addCustomScenario(
            Interleavings.scenario(
                List.of(),
                List.of(Interleavings.call(Subject.class, "take", 1)),
                List.of(take, take, Interleavings.call(Subject.class, "giveBack", 2)),
                List.of(Interleavings.call(Subject.class, "take", 3))))
        .sequentialSpecification(Model.class)
        .check(Subject.class);
  }

  @Test
  void shouldBeAStackForThreadsThatCollide() {
    Interleavings.collide(8, 1_000).sequentialSpecification(Model.class).check(Subject.class);
  }

  /** What each thread holds: it gives back what it took first. */
  private static final class Held {
    private final int[][] taken = new int[THREADS_MAX][OPERATIONS_MAX];
    private final int[] takenCount = new int[THREADS_MAX];
    private final int[] givenCount = new int[THREADS_MAX];

    int add(int thread, int number) {
      if (number != BufferStack.EMPTY) {
        taken[thread][takenCount[thread]++] = number;
      }
      return number;
    }

    int remove(int thread) {
      return givenCount[thread] == takenCount[thread]
          ? BufferStack.EMPTY
          : taken[thread][givenCount[thread]++];
    }
  }

  /** The stack of a pool's buffers. */
  public static class Subject {
    private final BufferStack stack = new BufferStack(BUFFERS);
    private final Held held = new Held();

    public Subject() {
      for (int number = 0; number < BUFFERS; number++) {
        stack.push(number);
      }
    }

    @Operation
    public int take(@Param(gen = ThreadIdGen.class) int thread) {
      return held.add(thread, stack.pop());
    }

    @Operation
    public int giveBack(@Param(gen = ThreadIdGen.class) int thread) {
      int number = held.remove(thread);
      if (number != BufferStack.EMPTY) {
        stack.push(number);
      }
      return number;
    }
  }

  /** What a stack does, one call after another. */
  public static class Model {
    private final Deque<Integer> stack = new ArrayDeque<>();
    private final Held held = new Held();

    public Model() {
      for (int number = 0; number < BUFFERS; number++) {
        stack.push(number);
      }
    }

    public int take(int thread) {
      return held.add(thread, stack.isEmpty() ? BufferStack.EMPTY : stack.pop());
    }

    public int giveBack(int thread) {
      int number = held.remove(thread);
      if (number != BufferStack.EMPTY) {
        stack.push(number);
      }
      return number;
    }
  }
}
