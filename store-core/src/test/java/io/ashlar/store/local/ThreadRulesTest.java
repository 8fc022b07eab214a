package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.AckListener;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Campaign;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may do what on which thread (L19, L20, L22, L33). */
@Timeout(120)
class ThreadRulesTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(1 << 20)
          .withQuietMarkMs(2_000); // no mark meanwhile, for which the I/O thread would wake

  /** Sees each call of the disk before it is made. */
  @FunctionalInterface
  private interface Watch {
    void before(String method, int arguments) throws InterruptedException;
  }

  private static Disk watched(Watch watch) {
    SimulatedDisk real = new SimulatedDisk();
    return (Disk)
        Proxy.newProxyInstance(
            Disk.class.getClassLoader(),
            new Class<?>[] {Disk.class},
            (self, method, arguments) -> {
              watch.before(method.getName(), arguments == null ? 0 : arguments.length);
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static DataFileStore open(Disk disk) {
    return StoreOpening.open("test", disk, CONFIG, StoreEnvironment.system());
  }

  private static void commit(DataFileStore store, int id) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(7, id), MemorySegment.ofArray(new byte[5000]));
      epoch.commit();
    }
  }

  @Test
  void shouldNeverCommitOnAVirtualThread() throws InterruptedException {
    List<Thread> writers = new CopyOnWriteArrayList<>();
    Disk disk =
        watched((method, arguments) -> {
          if (method.equals("write") && arguments == 3) { // the gathered, durable one
            writers.add(Thread.currentThread());
          }
        });
    try (DataFileStore store = open(disk)) {
      writers.clear();
      commit(store, 1);
      assertThat(writers).as("a lone caller commits by itself").contains(Thread.currentThread());
      writers.clear();
      Thread virtual =
          Thread.ofVirtual()
              .start(() -> {
                for (int i = 0; i < 20; i++) {
                  commit(store, i);
                }
              });
      virtual.join();
      assertThat(store.durableEpoch()).isEqualTo(21);
      assertThat(writers).as("L20: it would pin its carrier").doesNotContain(virtual);
    }
  }

  /** Holds the durable write of the first commit, and notes the threads of those after it. */
  private static final class HeldFirst {
    private final CountDownLatch writing = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final List<Thread> writers = new CopyOnWriteArrayList<>();
    private final DataFileStore store;
    private final Thread first;
    private volatile boolean hold;

    HeldFirst() throws InterruptedException {
      store =
          open(
              watched((method, arguments) -> {
                if (hold && method.equals("write") && arguments == 3) {
                  hold = false;
                  writing.countDown();
                  goOn.await();
                } else if (method.equals("write") && arguments == 3) {
                  writers.add(Thread.currentThread());
                }
              }));
      commit(store, 1);
      writers.clear();
      hold = true;
      first = Thread.ofPlatform().start(() -> commit(store, 2));
      writing.await();
    }

    /** Starts a caller, and waits until its epoch is queued. */
    Thread startCaller(int id) {
      Thread caller = Thread.ofPlatform().start(() -> commit(store, id));
      while (caller.getState() != Thread.State.WAITING) {
        Thread.onSpinWait(); // that is only weaker if it waits for something else
      }
      return caller;
    }

    void letGoAndJoin(List<Thread> callers) throws InterruptedException {
      goOn.countDown();
      first.join();
      for (Thread caller : callers) {
        caller.join();
      }
    }
  }

  /** The I/O thread may be awake by chance, and be faster than the caller that is called. */
  @Test
  void shouldLetACallerThatWaitsLeadTheNextGroup() throws InterruptedException {
    boolean led = false;
    for (int attempt = 0; attempt < 5 && !led; attempt++) {
      HeldFirst held = new HeldFirst();
      try (DataFileStore store = held.store) {
        long before = store.stats().callerGroups();
        List<Thread> callers = List.of(held.startCaller(3), held.startCaller(4));
        held.letGoAndJoin(callers);
        assertThat(store.durableEpoch()).isEqualTo(4);
        led =
            held.writers.size() == 1
                && callers.contains(held.writers.getFirst())
                && store.stats().callerGroups() - before == 2;
      }
    }
    assertThat(led).as("L33: one of both commits for both").isTrue();
  }

  @Test
  void shouldTellListenersOnTheStoresThreadsOnly() throws Exception {
    HeldFirst held = new HeldFirst();
    try (DataFileStore store = held.store) {
      Thread before = held.startCaller(3);
      CompletableFuture<Thread> told = new CompletableFuture<>();
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(new BlobId(7, 4), MemorySegment.ofArray(new byte[5000]));
        epoch.commit(teller(told));
      }
      Thread after = held.startCaller(5);
      held.letGoAndJoin(List.of(before, after));
      assertThat(told.get(60, TimeUnit.SECONDS))
          .as("L33")
          .isNotIn(before, after, held.first, Thread.currentThread());
      assertThat(store.durableEpoch()).isEqualTo(5);
    }
  }

  private static AckListener teller(CompletableFuture<Thread> told) {
    return new AckListener() {
      @Override
      public void onDurable(
          long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
        told.complete(Thread.currentThread());
      }

      @Override
      public void onFailed(StoreException failure) {
        told.completeExceptionally(failure);
      }
    };
  }

  /** Record 0089: the ring gains where callers are told meanwhile, and costs two hand-overs. */
  @Test
  void shouldWriteSmallGroupsOfListenersBySystemCallAndLongOnesThroughTheRing() throws Exception {
    List<Thread> writers = new CopyOnWriteArrayList<>();
    Disk disk =
        watched((method, arguments) -> {
          if (method.equals("write") && arguments == 3) {
            writers.add(Thread.currentThread());
          }
        });
    try (DataFileStore store = open(disk)) {
      commit(store, 1);
      writers.clear();
      Thread teller = tellerOf(store, 2, 5000);
      assertThat(writers).as("by the I/O thread").containsExactly(teller);
      assertThat(teller).isNotEqualTo(Thread.currentThread());
      writers.clear();
      Thread _ = tellerOf(store, 3, 600_000);
      assertThat(writers).as("through the ring").isEmpty();
    }
  }

  /** Commits a blob, and returns the thread that told the listener. */
  private static Thread tellerOf(DataFileStore store, int id, int bytes) throws Exception {
    CompletableFuture<Thread> told = new CompletableFuture<>();
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(7, id), MemorySegment.ofArray(new byte[bytes]));
      epoch.commit(teller(told));
    }
    return told.get(60, TimeUnit.SECONDS);
  }

  @Test
  void shouldLeaveLongEpochsToTheIoThread() throws InterruptedException {
    HeldFirst held = new HeldFirst();
    try (DataFileStore store = held.store) {
      long before = store.stats().callerGroups();
      Thread caller =
          Thread.ofPlatform()
              .start(() -> {
                try (Epoch epoch = store.beginEpoch()) {
                  for (int id = 3; id < 9; id++) {
                    epoch.put(new BlobId(7, id), MemorySegment.ofArray(new byte[50_000]));
                  }
                  epoch.commit();
                }
              });
      while (caller.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      held.letGoAndJoin(List.of(caller));
      assertThat(held.writers).as("L33: it may need several writes").doesNotContain(caller);
      assertThat(store.stats().callerGroups() - before).isEqualTo(1);
    }
  }

  /** Each commit ends, however they are mixed, and all are there. */
  @Test
  void shouldServeEveryFormOfCommitAtOnce() throws Exception {
    int each = Campaign.count("leaders.commits", 300);
    try (DataFileStore store = open(new SimulatedDisk())) {
      List<Thread> callers = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        int first = i * each;
        Runnable work =
            i % 3 == 2
                ? () -> commitTold(store, first, each)
                : () -> commitEach(store, first, each);
        callers.add(i % 4 == 3 ? Thread.ofVirtual().start(work) : Thread.ofPlatform().start(work));
      }
      for (Thread caller : callers) {
        caller.join();
      }
      assertThat(store.durableEpoch()).isEqualTo(12L * each);
      assertThat(store.stats().blobs()).isEqualTo(12L * each);
      assertThat(store.stats().callerGroups()).isLessThanOrEqualTo(store.stats().groups());
    }
  }

  private static void commitEach(DataFileStore store, int first, int count) {
    for (int i = 0; i < count; i++) {
      commit(store, first + i);
    }
  }

  private static void commitTold(DataFileStore store, int first, int count) {
    for (int i = 0; i < count; i++) {
      CompletableFuture<Thread> told = new CompletableFuture<>();
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(new BlobId(7, first + i), MemorySegment.ofArray(new byte[5000]));
        epoch.commit(teller(told));
      }
      var _ = told.join();
    }
  }

  @Test
  void shouldFailTheStoreWhenTheRolesHolderThrows() {
    boolean[] broken = new boolean[1];
    Disk disk =
        watched((method, arguments) -> {
          if (broken[0] && method.equals("write") && arguments == 3) {
            throw new IllegalStateException("a bug");
          }
        });
    try (DataFileStore store = open(disk)) {
      commit(store, 1);
      broken[0] = true;
      assertThatThrownBy(() -> commit(store, 2)) // L19
          .isInstanceOf(StoreFailedException.class)
          .hasMessageContaining("a bug");
      broken[0] = false;
      assertThatThrownBy(() -> commit(store, 3)).isInstanceOf(StoreFailedException.class);
      assertThat(store.stats().failed()).isTrue();
    }
  }

  @Test
  void shouldCloseTheFileOnlyAfterTheReadsInItHaveEnded() throws InterruptedException {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<String> order = new CopyOnWriteArrayList<>();
    boolean[] hold = new boolean[1];
    Disk disk =
        watched((method, arguments) -> {
          if (hold[0] && method.equals("read")) {
            reading.countDown();
            goOn.await();
            order.add("read");
          } else if (method.equals("close")) {
            order.add("close");
          }
        });
    DataFileStore store = open(disk);
    commit(store, 1);
    hold[0] = true;
    Thread reader =
        Thread.ofPlatform()
            .start(() -> {
              try (BlobLease lease = store.get(new BlobId(7, 1))) {
                assertThat(lease).isNotNull();
              }
            });
    reading.await();
    Thread closer = Thread.ofPlatform().start(store::close);
    closer.join(200); // it has every chance to be too early
    assertThat(order).as("L22: closed under a read").isEmpty();
    goOn.countDown();
    reader.join();
    closer.join();
    assertThat(order).containsExactly("read", "close");
  }
}
