package io.ashlar.store.read;

import io.ashlar.store.BlobLease;
import io.ashlar.store.Interleavings;
import io.ashlar.store.disk.LentMemory;
import io.ashlar.store.disk.StoreGate;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Leases that a thread uses again (decision 0021) while another closes them: each shows what it
 * lends, and gives it back once.
 */
@Tag("campaign")
@Timeout(300)
class LeaseLincheckTest {

  @Test
  void shouldLendAndGiveBackOnceInEveryInterleaving() {
    Interleavings.explore(2, 6, 150)
        .addGuarantee(Interleavings.unshared(Turn.class.getName()))
        .sequentialSpecification(Model.class)
        .check(Subject.class);
  }

  @Test
  void shouldLendAndGiveBackOnceBesideAnotherThread() {
    Interleavings.collide(5, 500).sequentialSpecification(Model.class).check(Subject.class);
  }

  /** Memory that counts how often it was given back. */
  private static final class Memory implements LentMemory {
    private static final MemorySegment VALUES = values();
    private final int number;
    private final AtomicInteger releases = new AtomicInteger();

    Memory(int number) {
      this.number = number;
    }

    private static MemorySegment values() {
      return Arena.global().allocateFrom(ValueLayout.JAVA_INT, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    }

    MemorySegment value() {
      return VALUES.asSlice(4L * number, 4);
    }

    @Override
    public void release() {
      releases.incrementAndGet();
    }
  }

  /** All the other leases of a thread, once, so that the one used next was handed out before. */
  private static final class Turn {
    static void of(ReadContext context, StoreGate gate) {
      for (int i = 0; i < ReadContext.LEASES - 1; i++) {
        Memory memory = new Memory(0);
        context.lend(gate, memory.value(), memory).close();
      }
    }
  }

  /** A thread that lends, and others that take what it lent and close it. */
  public static class Subject {
    private final StoreGate gate = new StoreGate("a test");
    private final ReadContext context = new ReadContext(false);
    private final AtomicReference<BlobLease> handedOver = new AtomicReference<>();
    private final List<Memory> lent = new ArrayList<>(); // the lender's

    @Operation(nonParallelGroup = "lender")
    public boolean lend(@Param(gen = IntGen.class, conf = "1:9") int number) {
      Memory memory = new Memory(number);
      lent.add(memory);
      BlobLease lease = context.lend(gate, memory.value(), memory);
      if (handedOver.compareAndSet(null, lease)) {
        Turn.of(context, gate);
        return true;
      }
      lease.close();
      lease.close(); // as a caller may
      Turn.of(context, gate);
      return false;
    }

    @Operation
    public int close() {
      BlobLease lease = handedOver.getAndSet(null);
      if (lease == null) {
        return -1;
      }
      int number = lease.value().get(ValueLayout.JAVA_INT, 0);
      lease.close();
      return number;
    }

    @Validate
    public void everythingWasGivenBackOnce() {
      int open = handedOver.get() == null ? 0 : 1;
      int releases = 0;
      for (Memory memory : lent) {
        releases += memory.releases.get();
        if (memory.releases.get() > 1) {
          throw new AssertionError("given back more than once: number=" + memory.number);
        }
      }
      if (releases != lent.size() - open) {
        throw new AssertionError("lent=" + lent.size() + ", releases=" + releases);
      }
    }
  }

  /** The same, one call after another. */
  public static class Model {
    private int handedOver = -1;

    public boolean lend(int number) {
      if (handedOver >= 0) {
        return false;
      }
      handedOver = number;
      return true;
    }

    public int close() {
      int number = handedOver;
      handedOver = -1;
      return number;
    }
  }
}
