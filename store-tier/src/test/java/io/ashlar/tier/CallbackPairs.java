package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes calls within callbacks, all calls in one callback of each kind, and notes which are served
 * and which are refused. A watchdog bounds each. Thread: one.
 */
final class CallbackPairs {
  /** Generous: only what waits for ever takes so long. */
  private static final long WATCHDOG_S = 60;

  /**
   * A call.
   *
   * @param isRefused whether it should be, in the callback at hand.
   */
  record Call(String name, boolean isRefused, Runnable make) {}

  /** What became of a call; refused by an exception, or failed with one. */
  private record Answer(Call call, @Nullable Throwable thrown) {
    boolean isServed() {
      return thrown == null;
    }

    boolean isRefused() {
      return thrown instanceof IllegalStateException
          && (String.valueOf(thrown.getMessage()).contains("this was called by")
              || String.valueOf(thrown.getMessage()).contains("has a tier already"));
    }
  }

  private final List<String> wrong = new ArrayList<>();
  private int pairs;
  private int served;
  private int refused;

  /**
   * Makes calls in a callback.
   *
   * @param provoke has what it is given called in the callback, at least once, now or soon.
   */
  void check(String callback, Consumer<Runnable> provoke, List<Call> calls)
      throws InterruptedException {
    pairs += calls.size();
    BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    AtomicReference<@Nullable Thread> thread = new AtomicReference<>();
    AtomicBoolean called = new AtomicBoolean();
    CompletableFuture<Void> returned =
        onAThread(() ->
            provoke.accept(() -> {
              if (!called.getAndSet(true)) {
                thread.set(Thread.currentThread());
                calls.forEach(call -> answers.add(answer(call)));
              }
            }));
    for (Call call : calls) {
      Answer answer = answers.poll(WATCHDOG_S, TimeUnit.SECONDS);
      if (answer == null) {
        Thread hangs = thread.get();
        throw new AssertionError( // nor could what it was called by be closed
            call.name()
                + " in "
                + callback
                + (hangs == null
                    ? ": was not called, " + returned
                    : ": hangs in " + Arrays.asList(hangs.getStackTrace()))
                + ", before it: "
                + wrong);
      }
      note(answer, callback);
    }
    await("the return of " + callback, returned);
  }

  private static Answer answer(Call call) {
    try {
      call.make().run();
      return new Answer(call, null);
    } catch (Throwable e) {
      return new Answer(call, e);
    }
  }

  private void note(Answer answer, String callback) {
    served += answer.isServed() ? 1 : 0;
    refused += answer.isRefused() ? 1 : 0;
    boolean expected = answer.call().isRefused() ? answer.isRefused() : answer.isServed();
    if (!expected) {
      wrong.add(
          answer.call().name()
              + " in "
              + callback
              + ": "
              + (answer.isServed() ? "served" : answer.thrown()));
    }
  }

  /** Does something else, within the same bound. */
  void within(String what, Runnable work) throws InterruptedException {
    await(what, onAThread(work));
  }

  private void await(String what, CompletableFuture<Void> done) throws InterruptedException {
    try {
      done.get(WATCHDOG_S, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(what + ": hangs, before it: " + wrong, e);
    } catch (ExecutionException e) {
      wrong.add(what + ": " + e.getCause());
    }
  }

  /** Prints what was counted, and fails if anything was not as it should be. */
  void assertAsExpected(String of) {
    System.out.printf(
        "callbacks of %s: pairs %d, served %d, refused %d, hung 0%n", of, pairs, served, refused);
    assertThat(wrong).isEmpty();
    assertThat(served + refused).isEqualTo(pairs);
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
