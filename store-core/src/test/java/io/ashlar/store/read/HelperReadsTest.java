package io.ashlar.store.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.disk.Threads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A process that may start no more threads still reads (G10). */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HelperReadsTest {

  private static final int BLOCK = Disk.BLOCK_BYTES;

  private final MemorySegment target = Arena.ofAuto().allocate(BLOCK, BLOCK);
  private final SimulatedDisk disk = new SimulatedDisk();
  private boolean hasThreads;

  private static OutOfMemoryError noThread() { // what the JVM makes of EAGAIN
    return new OutOfMemoryError("unable to create native thread");
  }

  /** The pool does not call what a thread overrides, so its factory stands for the start. */
  private Thread scarceThread(Runnable task) {
    if (!hasThreads) {
      throw noThread();
    }
    return new Thread(task);
  }

  @Test
  void shouldReadOnTheCallersThreadWhereNoOtherCanBeHad() {
    disk.write(Arena.ofAuto().allocate(BLOCK, BLOCK).fill((byte) 7), 0);
    HelperReads reads = new HelperReads(disk, this::scarceThread);
    for (boolean there : new boolean[] {false, true, false}) {
      hasThreads = there;
      ReadRequest request = new ReadRequest();
      request.prepare(target.fill((byte) 0), BLOCK, 0);
      assertThat(reads.offer(request)).isTrue();
      request.await();
      assertThat(request.failure()).isNull();
      assertThat(request.bytesRead()).isEqualTo(BLOCK);
      assertThat(target.get(ValueLayout.JAVA_BYTE, BLOCK - 1)).isEqualTo((byte) 7);
    }
    reads.close();
  }

  /** Whoever waits for it would wait for ever. */
  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldTellTheWaiterOfAReadThatBreaksOff() {
    Disk breaking =
        (Disk)
            Proxy.newProxyInstance(
                Disk.class.getClassLoader(),
                new Class<?>[] {Disk.class},
                (self, method, arguments) -> {
                  throw new OutOfMemoryError("planned");
                });
    HelperReads reads = new HelperReads(breaking);
    ReadRequest request = new ReadRequest();
    request.prepare(target, BLOCK, 0);
    assertThat(reads.offer(request)).isTrue();
    request.await();
    assertThat(request.failure()).isNotNull();
    reads.close();
  }

  @Test
  void shouldSayWhichThreadCouldNotBeStartedAndWhatHelps() {
    Thread thread =
        new Thread("scarce") {
          @Override
          public void start() {
            throw noThread();
          }
        };
    assertThatThrownBy(() -> Threads.start(thread))
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessageContaining("thread=scarce")
        .hasMessageContaining("ulimit -u");
  }
}
