package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.ashlar.store.AckListener;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.YieldingIdleStrategy;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * W6: a commit allocates nothing in steady state. Runs in a JVM of its own, as every test of such a
 * name does: what the compiler can do without depends on what else has run.
 */
@Tag("campaign")
@Timeout(300)
class CommitAllocationTest {

  private static final StoreConfig SMALL =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);

  @TempDir Path folder;

  private final String checks = System.getProperty("ashlar.checks", "false");

  @BeforeEach
  void doAsUsersDo() { // checks fill and verify every buffer
    System.setProperty("ashlar.checks", "false");
  }

  @AfterEach
  void checkAgain() {
    System.setProperty("ashlar.checks", checks);
  }

  /** Counts what it is told. */
  private static final class Counting implements AckListener {
    private final AtomicInteger durable = new AtomicInteger();

    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      durable.incrementAndGet();
    }

    @Override
    public void onFailed(StoreException reason) {
      throw new AssertionError(reason);
    }

    void await(int count, @Nullable AgentInvoker invoker) {
      while (durable.get() < count) {
        if (invoker == null) {
          LockSupport.parkNanos(10_000);
        } else {
          var _ = invoker.invoke();
        }
      }
    }
  }

  static Stream<StoreConfig> modes() {
    return Stream.of(
        SMALL,
        SMALL.withIdleStrategy(YieldingIdleStrategy::new),
        SMALL.withThreadingMode(StoreConfig.ThreadingMode.INVOKER));
  }

  /** W6: nothing is allocated for a commit in any threading mode; a future is 40 bytes. */
  @ParameterizedTest
  @MethodSource("modes")
  @SuppressWarnings("try") // begins with none open
  void shouldAllocateNothingInSteadyState(StoreConfig config) {
    boolean driven = config.threadingMode() == StoreConfig.ThreadingMode.INVOKER;
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    Counting counting = new Counting();
    BlobId[] ids = new BlobId[64];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = new BlobId(7, i);
    }
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open();
        Epoch epoch = store.beginEpoch();
        Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(4096, 4096);
      epoch.close();
      AgentInvoker invoker = driven ? store.agentInvoker() : null;
      if (invoker != null) {
        invoker.start();
      }
      Thread ioThread =
          driven
              ? Thread.currentThread()
              : Thread.getAllStackTraces().keySet().stream()
                  .filter(
                      thread -> !before.contains(thread) && thread.getName().equals("ashlar-io"))
                  .findFirst()
                  .orElseThrow();
      int counted = 1000;
      long own = Long.MAX_VALUE;
      long io = Long.MAX_VALUE;
      int committed = 0;
      // Until everything is compiled: by how much it allocates, not by a clock.
      for (int round = 0; round < 40 && (own / counted >= 8 || io / counted >= 8); round++) {
        own = threads.getCurrentThreadAllocatedBytes();
        io = threads.getThreadAllocatedBytes(ioThread.threadId());
        for (int i = 0; i < counted; i++) {
          epoch.begin();
          epoch.put(ids[i % ids.length], value);
          epoch.commit();
          epoch.begin();
          epoch.put(ids[i % ids.length], value);
          epoch.commit(counting);
          counting.await(++committed, invoker);
        }
        io = threads.getThreadAllocatedBytes(ioThread.threadId()) - io;
        own = threads.getCurrentThreadAllocatedBytes() - own;
      }
      System.out.printf(
          "two commits, after %d of each, %s: %.2f bytes by the caller, %.2f by the agent's thread%n",
          committed,
          driven ? "driven" : "own threads",
          own / (double) counted,
          io / (double) counted);
      // Not exactly 0: index checkpoints, now and then.
      assertThat(own / counted).isLessThan(8);
      assertThat(io / counted).isLessThan(8);
    }
  }
}
