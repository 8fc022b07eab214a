package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The ring itself fails, under the I/O thread: nothing may hang (G10). */
@Timeout(60)
class RingFailureTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);

  /** A simulated disk whose queue throws from {@code await} once {@code broken} is set. */
  private static Disk disk(AtomicBoolean broken) {
    SimulatedDisk real = new SimulatedDisk();
    return proxy(
        Disk.class,
        real,
        (name, result) ->
            name.equals("openQueue")
                ? proxy(
                    DiskQueue.class,
                    result,
                    (method, value) -> {
                      if (method.equals("await") && broken.get()) {
                        throw new NativeException("io_uring_enter", Errno.EIO, "ring=broken");
                      }
                      return value;
                    })
                : result);
  }

  /** Sees the result of each call and may replace it or throw. */
  private interface Filter {
    Object apply(String method, Object result);
  }

  private static <T> T proxy(Class<T> type, Object target, Filter filter) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              try {
                return filter.apply(method.getName(), method.invoke(target, arguments));
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private static DataFileStore open(Disk disk) {
    return StoreOpening.open("test", disk, CONFIG, StoreEnvironment.system());
  }

  @Test
  void shouldFailEveryPendingEpochWhenTheRingFails() {
    AtomicBoolean broken = new AtomicBoolean();
    BlobId id = new BlobId(1, 2);
    try (DataFileStore store = open(disk(broken))) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(id, MemorySegment.ofArray(new byte[100]));
        epoch.commit();
      }
      broken.set(true);
      List<CompletableFuture<?>> all = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        try {
          Epoch epoch = store.beginEpoch();
          epoch.put(new BlobId(3, i), MemorySegment.ofArray(new byte[100]));
          all.add(epoch.commitAsync());
        } catch (StoreFailedException e) {
          break;
        }
      }
      assertThat(all).isNotEmpty();
      for (CompletableFuture<?> one : all) {
        assertThatThrownBy(one::join)
            .isInstanceOf(CompletionException.class)
            .hasCauseInstanceOf(StoreFailedException.class);
      }
      assertThat(store.stats().failed()).isTrue(); // without the commit role, which refuses
      assertThatThrownBy(() -> store.awaitDurable(1000)).isInstanceOf(StoreFailedException.class);
      try (BlobLease lease = store.get(id)) {
        assertThat(lease).isNotNull(); // reads go on
      }
    }
  }

  @Test
  void shouldFailToOpenWhenTheRingCannotBeOpened() {
    SimulatedDisk real = new SimulatedDisk();
    Disk refusing =
        proxy(
            Disk.class,
            real,
            (name, result) -> {
              if (name.equals("openQueue")) {
                ((DiskQueue) result).close();
                throw new NativeException("io_uring_setup", Errno.ENOMEM, "ring=refused");
              }
              return result;
            });
    assertThatThrownBy(() -> open(refusing))
        .isInstanceOf(NativeException.class)
        .hasMessageContaining("ENOMEM");
  }
}
