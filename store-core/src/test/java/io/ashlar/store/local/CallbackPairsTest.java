package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig.Engine;
import io.ashlar.store.local.CallInCallback.Answer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every call in every kind of callback is served or refused, as the table says; none hangs. */
@Tag("campaign")
class CallbackPairsTest {

  /** Generous: only what waits for ever takes so long. */
  private static final long WATCHDOG_S = 60;

  @TempDir Path folder;

  private final List<String> wrong = new ArrayList<>();
  private int served;
  private int refused;
  private int hung;

  @ParameterizedTest
  @EnumSource(Engine.class)
  void shouldServeOrRefuseEveryCallInEveryCallback(Engine engine) throws InterruptedException {
    CallbackGround ground = CallbackGround.open(folder.resolve("store"), engine);
    CallbackGround full = CallbackGround.openFull(folder.resolve("full"), engine);
    for (Callback callback : Callback.values()) {
      CallbackGround place = callback == Callback.ACK_FAILURE ? full : ground;
      for (CallInCallback call : CallInCallback.values()) {
        check(place, callback, call);
        if (hung > 0) {
          throw new AssertionError(wrong.toString()); // nor could the store be closed
        }
      }
      within("after " + callback, () -> checkWhole(place.store()));
    }
    within("in the end", ground.store()::close);
    within("in the end", full.store()::close);
    int pairs = Callback.values().length * CallInCallback.values().length;
    System.out.printf(
        "callbacks of a local store, %s: pairs: %d, served: %d, refused: %d, hung: %d%n",
        engine, pairs, served, refused, hung);
    assertThat(wrong).isEmpty();
    assertThat(served + refused).isEqualTo(pairs);
  }

  private void check(CallbackGround ground, Callback callback, CallInCallback call)
      throws InterruptedException {
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    CompletableFuture<Void> returned =
        onAThread(() -> {
          try (Snapshot spare = ground.store().snapshot()) {
            callback.provoke(
                ground,
                () -> {
                  if (!answer.isDone()) {
                    answer(ground, callback, call, spare, answer);
                  }
                });
            var _ = answer.join();
          } finally {
            ground.done();
          }
        });
    String pair = call + " in " + callback;
    try {
      returned.get(WATCHDOG_S, TimeUnit.SECONDS);
      Answer actual = answer.join();
      served += actual == Answer.SERVED ? 1 : 0;
      refused += actual == Answer.REFUSED ? 1 : 0;
      Answer expected = call.answer(callback);
      if (expected != Answer.EITHER && expected != actual) {
        wrong.add(pair + ": " + actual);
      }
    } catch (TimeoutException e) {
      hung++;
      wrong.add(pair + ": hangs");
    } catch (ExecutionException e) {
      wrong.add(pair + ": " + e.getCause());
    }
  }

  private static void answer(
      CallbackGround ground,
      Callback callback,
      CallInCallback call,
      Snapshot spare,
      CompletableFuture<Answer> answer) {
    try {
      call.make(ground, callback, spare);
      answer.complete(Answer.SERVED);
    } catch (IllegalStateException e) {
      String message = String.valueOf(e.getMessage());
      if (message.contains("this was called by") || message.contains("a vacuum is running")) {
        answer.complete(Answer.REFUSED);
      } else {
        answer.completeExceptionally(e);
      }
    } catch (Throwable e) {
      answer.completeExceptionally(e);
    }
  }

  /** Everything was given back: buffers, snapshots, the gate and the role. */
  private static void checkWhole(LocalBlobStore store) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.delete(CallbackGround.MISSING);
      store.awaitDurable(epoch.commit());
    }
    assertThat(store.stats().snapshots()).isZero();
    while (store.stats().poolFreeBytes() < store.stats().poolBytes()) {
      Thread.onSpinWait(); // a get that nobody waits for may be under way
    }
  }

  private void within(String when, Runnable work) throws InterruptedException {
    try {
      onAThread(work).get(WATCHDOG_S, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      wrong.add(when + ": " + e);
    }
  }

  private static CompletableFuture<Void> onAThread(Runnable work) {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            work.run();
            ended.complete(null);
          } catch (RuntimeException | Error e) {
            ended.completeExceptionally(e);
          }
        });
    return ended;
  }
}
