package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may do what on which thread (L19, L20, L22). */
@Timeout(60)
class ThreadRulesTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);

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
