package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreConfig.Engine;
import io.ashlar.store.VerifyListener;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@link System#exit} in a callback, while a shutdown hook closes the store, ends the process: a
 * callback that does not return is not waited for then, and the file is whole.
 *
 * <p>{@code -Dexit.all=true} tries every kind of callback, not only each kind of waiting.
 */
@Tag("campaign")
class ExitInCallbackTest {

  private static final int EXIT_CODE = 3;
  private static final BlobId ACKNOWLEDGED = new BlobId(5, 1);

  /** How many processes run at once. */
  private static final int AT_ONCE = 4;

  /** One for each thing that is waited for: the I/O thread, the read thread, a call. */
  private static final List<Callback> CALLBACKS =
      Boolean.getBoolean("exit.all")
          ? List.of(Callback.values())
          : List.of(
              Callback.ACK_LISTENER,
              Callback.READ_LISTENER,
              Callback.READ_LISTENER_ON_A_VIRTUAL_THREAD,
              Callback.PUT_CHANNEL);

  @TempDir Path folder;

  /** The process that exits. Arguments: folder, callback. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws InterruptedException {
      CallbackGround ground = CallbackGround.open(Path.of(arguments[0]), Engine.AUTO);
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(() -> {
                ground.store().close();
                System.out.println("CLOSED");
                System.out.flush();
              }));
      try (Epoch epoch = ground.store().beginEpoch()) {
        epoch.put(ACKNOWLEDGED, MemorySegment.ofArray(new byte[100]));
        var _ = epoch.commit();
      }
      Callback.valueOf(arguments[1]).provoke(ground, () -> System.exit(EXIT_CODE));
      Thread.sleep(Long.MAX_VALUE);
    }
  }

  @Test
  void shouldEndTheProcess() throws IOException, InterruptedException {
    for (int from = 0; from < CALLBACKS.size(); from += AT_ONCE) {
      Map<Callback, ChildJvm> children = new LinkedHashMap<>();
      List<String> wrong = new ArrayList<>();
      try {
        for (Callback callback :
            CALLBACKS.subList(from, Math.min(CALLBACKS.size(), from + AT_ONCE))) {
          children.put(
              callback,
              ChildJvm.start(
                  List.of(),
                  Child.class,
                  folder.resolve(callback.name()).toString(),
                  callback.name()));
        }
        for (Map.Entry<Callback, ChildJvm> child : children.entrySet()) {
          int code = child.getValue().exitCode();
          if (code != EXIT_CODE || !child.getValue().output().contains("CLOSED")) {
            wrong.add(child.getKey() + ": code=" + code + ", " + child.getValue());
          }
        }
      } finally {
        children.values().forEach(ChildJvm::close);
      }
      assertThat(wrong).isEmpty();
      children.keySet().forEach(this::checkFile);
    }
  }

  private void checkFile(Callback callback) {
    try (LocalBlobStore store =
        LocalBlobStore.builder(folder.resolve(callback.name()))
            .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withLockTimeoutMs(30_000))
            .open()) {
      assertThat(store.length(ACKNOWLEDGED)).as("after %s", callback).isEqualTo(100);
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }
}
