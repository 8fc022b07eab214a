package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.FencedException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.LineageLife.Opened;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store that was taken over, by a copy of itself that was opened first, learns it at its next
 * request: before it uploads or evicts, and before it says that an epoch is tiered.
 */
class TakenOverTest {
  private static final int RACES = Integer.getInteger("test.races", 100) / 10;

  private static final Set<Thread.State> WAITS =
      Set.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);

  @TempDir Path folder;

  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final BlobModel model = new BlobModel();
  private FaultyObjectStore objects = new FaultyObjectStore(below);
  private Opened taken;
  private long epoch;

  @BeforeEach
  void takeOver() {
    objects = new FaultyObjectStore(below);
    Path original = folder.resolve("original");
    LocalBlobStore local = LineageLife.local(original);
    taken = Opened.on(local, objects);
    model.putRange(local, 0, 20, 1);
    epoch = local.durableEpoch();
    taken.tier().awaitTiered(epoch);
    LineageLife.awaitMarked(local);
    LineageLife.copy(original, folder.resolve("copy"));
    open("copy", new FaultyObjectStore(below)).close();
  }

  @AfterEach
  void close() {
    taken.close();
  }

  private Opened open(String name, FaultyObjectStore prefix) {
    LocalBlobStore local = LineageLife.local(folder.resolve(name));
    try {
      return Opened.on(local, prefix);
    } catch (RuntimeException e) {
      local.close();
      throw e;
    }
  }

  @Test
  void shouldLearnItBeforeItSaysThatAnEpochIsTiered() {
    assertThatThrownBy(() -> taken.tier().awaitTiered(epoch)).isInstanceOf(FencedException.class);
    assertThatThrownBy(() -> taken.tier().awaitTiered(epoch)).isInstanceOf(FencedException.class);
  }

  @Test
  void shouldLearnItBeforeItEvicts() { // E3
    assertThatThrownBy(() -> taken.tier().evict(id -> true)).isInstanceOf(FencedException.class);
    assertThatThrownBy(() -> taken.tier().evictOldest(1, id -> true))
        .isInstanceOf(FencedException.class);
    assertThat(taken.store().stats().evictedBlobs()).isZero();
  }

  @Test
  void shouldLearnItBeforeItUploads() {
    model.putRange(taken.store(), 20, 40, 2);
    List<String> before = objects.requests();
    assertThatThrownBy(() -> taken.tier().checkpoint(TierProgress.NONE))
        .isInstanceOf(FencedException.class);
    assertThat(objects.requests().subList(before.size(), objects.requests().size()))
        .containsExactly("head " + TierKeys.manifest(3));
  }

  @Test
  void shouldLearnItBeforeItCollects() {
    List<String> before = objects.requests();
    assertThatThrownBy(() -> taken.tier().collect(true)).isInstanceOf(FencedException.class);
    assertThatThrownBy(() -> taken.tier().collect(false)).isInstanceOf(FencedException.class);
    assertThat(objects.requests().subList(before.size(), objects.requests().size()))
        .containsExactly("head " + TierKeys.manifest(3));
  }

  @Test
  @Tag("campaign")
  void shouldBeRefusedWhenItIsOpenedAgain() {
    taken.close();
    assertThatThrownBy(() -> open("original", objects)).isInstanceOf(StoreOpenException.class);
    taken = open("copy", objects);
    model.assertHeldBy(taken.store());
  }

  @Test
  void shouldAskOnceMoreForAllWhoCameWhileItAsked() throws Exception {
    int waiters = 8;
    FaultyObjectStore own = new FaultyObjectStore(below);
    try (Opened copy = open("copy", own)) {
      List<String> before = own.requests();
      CountDownLatch all = new CountDownLatch(1);
      own.hold(request -> awaitAll(all));
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < waiters; i++) {
        threads.add(Thread.ofPlatform().start(() -> copy.tier().awaitTiered(epoch)));
      }
      for (Thread thread : threads) { // one for its request, the others for that one
        while (!WAITS.contains(thread.getState())) {
          assertThat(thread.isAlive()).isTrue();
          Thread.sleep(1);
        }
      }
      all.countDown();
      for (Thread thread : threads) {
        assertThat(thread.join(Duration.ofSeconds(60))).isTrue();
      }
      assertThat(own.requests().size() - before.size()).isBetween(2, 8);
    }
  }

  private static void awaitAll(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldAskNothingOnceItIsClosed() {
    taken.tier().close();
    List<String> before = objects.requests();
    assertThatThrownBy(() -> taken.tier().awaitTiered(epoch))
        .isInstanceOf(StoreClosedException.class);
    assertThat(objects.requests()).isEqualTo(before);
  }

  @Test
  void shouldRememberAnInterruptWhileItAsks() {
    try (Opened copy = open("copy", objects)) {
      Thread.currentThread().interrupt();
      copy.tier().awaitTiered(epoch);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void shouldOpenExactlyOneOfTwoCopiesThatAreOpenedAtOnce() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      for (int race = 0; race < RACES; race++) {
        LineageLife.copy(folder.resolve("copy"), folder.resolve("left-" + race));
        LineageLife.copy(folder.resolve("copy"), folder.resolve("right-" + race));
        InMemoryObjectStore then = TierState.copy(below);
        CyclicBarrier together = new CyclicBarrier(2);
        List<Callable<Boolean>> openers = new ArrayList<>();
        for (String name : List.of("left-" + race, "right-" + race)) {
          openers.add(() -> {
            LocalBlobStore local = LineageLife.local(folder.resolve(name));
            together.await(60, TimeUnit.SECONDS);
            try (local;
                Opened opened = Opened.on(local, new FaultyObjectStore(then))) {
              new BlobModel().putRange(local, 50, 55, 1);
              opened.tier().awaitTiered(local.durableEpoch());
              return true;
            } catch (StoreOpenException e) {
              return false;
            }
          });
        }
        int opened = 0;
        for (Future<Boolean> opener : threads.invokeAll(openers)) {
          opened += opener.get(60, TimeUnit.SECONDS) ? 1 : 0;
        }
        assertThat(opened).as("race %d", race).isEqualTo(1);
        then.close();
      }
    }
    System.out.println("two copies at once: races=" + RACES + ", one opened in each");
  }
}
