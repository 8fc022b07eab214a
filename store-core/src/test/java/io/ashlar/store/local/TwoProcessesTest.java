package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.Campaign;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreLockedException;
import io.ashlar.store.VerifyListener;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Promise G8, one writer: a second process is refused while the first works, and gets the store
 * once the first was killed and its last write has landed. {@code -Dlock.rounds} sets how often.
 */
@Tag("campaign")
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class TwoProcessesTest {

  private static final int ROUNDS = Campaign.count("lock.rounds", 1);

  @TempDir Path folder;

  /** Opens the store in the folder given with the deadline given; prints what became of it. */
  static final class Opener {

    private Opener() {}

    public static void main(String[] arguments) {
      StoreConfig config = KilledChild.CONFIG.withLockTimeoutMs(Long.parseLong(arguments[1]));
      try (LocalBlobStore store =
          LocalBlobStore.builder(Path.of(arguments[0])).config(config).open()) {
        System.out.println("opened " + store.verify(VerifyListener.NONE).clean());
      } catch (StoreLockedException e) {
        System.out.println("locked " + e.getMessage());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  void shouldRefuseASecondProcessUntilTheFirstIsKilledWithWritesInFlight(StoreConfig.Engine engine)
      throws Exception {
    Path store = folder.resolve("store");
    long acknowledged = 0;
    for (int round = 0; round < ROUNDS; round++) {
      try (ChildJvm first =
          ChildJvm.start(
              List.of(),
              KilledChild.class,
              store.toString(),
              engine.name(),
              "1",
              Integer.toString(round))) {
        first.awaitReady();
        try (ChildJvm second = open(store, 100)) {
          assertThat(second.exitCode()).as("%s", second).isZero();
          assertThat(second.output())
              .singleElement()
              .asString()
              .startsWith("locked ")
              .contains(store.toString())
              .contains("lockTimeoutMs=100");
        }
        assertThatThrownBy(() ->
                LocalBlobStore.builder(store)
                    .config(KilledChild.CONFIG.withLockTimeoutMs(0))
                    .open())
            .isInstanceOf(StoreLockedException.class)
            .hasMessageContaining(store.toString());
        // One that waits while the first is killed gets the store as soon as that let go of it.
        try (ChildJvm waiting = open(store, 60_000)) {
          Thread.sleep(300);
          assertThat(waiting.output()).isEmpty();
          first.kill();
          assertThat(waiting.exitCode()).as("%s", waiting).isZero();
          assertThat(waiting.output()).containsExactly("opened true");
        }
        acknowledged += first.output().stream().filter(line -> line.startsWith("A ")).count();
      }
    }
    try (LocalBlobStore last = LocalBlobStore.builder(store).config(KilledChild.CONFIG).open()) {
      assertThat(last.durableEpoch()).isGreaterThanOrEqualTo(acknowledged);
      assertThat(last.verify(VerifyListener.NONE).clean()).isTrue();
    }
    System.out.printf(
        "TwoProcessesTest: engine=%s, rounds=%d, acknowledged=%d%n", engine, ROUNDS, acknowledged);
  }

  private static ChildJvm open(Path store, long lockTimeoutMs) throws Exception {
    return ChildJvm.start(List.of(), Opener.class, store.toString(), Long.toString(lockTimeoutMs));
  }
}
