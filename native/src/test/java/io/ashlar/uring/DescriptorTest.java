package io.ashlar.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.ashlar.uring.libc.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class DescriptorTest {
  private static final int THREADS = 40; // more than there are cells
  private static final int ROUNDS = 200;

  @TempDir Path folder;

  @BeforeAll
  static void allowNativeCalls() {
    NativeAccess.require();
  }

  private Descriptor open(String name) {
    return Descriptor.open(folder.resolve(name), Libc.O_RDWR() | Libc.O_CREAT());
  }

  /** Whether the number still stands for that file, and not for one that was opened since. */
  private boolean isOpen(Descriptor descriptor, String name) {
    Path link = Path.of("/proc/self/fd/" + descriptor.number());
    try {
      return Files.exists(link, LinkOption.NOFOLLOW_LINKS)
          && Files.readSymbolicLink(link).equals(folder.toRealPath().resolve(name));
    } catch (IOException e) {
      return false; // closed in between
    }
  }

  @Test
  void shouldStayOpenUntilTheLastUseOfAnyThreadHasEnded() throws InterruptedException {
    Descriptor descriptor = open("used");
    CountDownLatch acquired = new CountDownLatch(THREADS);
    List<CountDownLatch> ends = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      CountDownLatch end = new CountDownLatch(1);
      ends.add(end);
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                descriptor.acquire();
                acquired.countDown();
                try {
                  end.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                } finally {
                  descriptor.release();
                }
              }));
    }
    assertThat(acquired.await(100, TimeUnit.SECONDS)).isTrue();
    descriptor.close();
    descriptor.close();
    assertThatIllegalStateException().isThrownBy(descriptor::acquire);
    for (int i = 0; i < THREADS; i++) {
      assertThat(isOpen(descriptor, "used")).isTrue();
      ends.get(i).countDown();
      threads.get(i).join();
    }
    assertThat(isOpen(descriptor, "used")).isFalse();
  }

  /** A number that was closed twice, or during a use, would be another file's. */
  @Test
  void shouldNeverBeUsedAfterItWasClosed() throws InterruptedException {
    AtomicInteger uses = new AtomicInteger();
    AtomicInteger stale = new AtomicInteger();
    for (int round = 0; round < ROUNDS; round++) {
      String name = "round-" + round;
      Descriptor descriptor = open(name);
      List<Thread> threads = new ArrayList<>();
      CountDownLatch begun = new CountDownLatch(4);
      for (int i = 0; i < 4; i++) {
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  begun.countDown();
                  while (descriptor.tryAcquire()) {
                    stale.addAndGet(isOpen(descriptor, name) ? 0 : 1);
                    uses.incrementAndGet();
                    descriptor.release();
                  }
                }));
      }
      begun.await();
      descriptor.close();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(isOpen(descriptor, name)).isFalse();
    }
    assertThat(stale).hasValue(0);
    assertThat(uses.get()).isPositive();
  }
}
