package io.ashlar.tier.object;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The part of the contract of {@link ObjectStore} that is about conditional puts. */
public abstract class ConditionalPutContract {
  static final int WRITERS = 8;

  protected ObjectStore store;

  /** A store with nothing in it. */
  protected abstract ObjectStore open() throws Exception;

  @BeforeEach
  void openStore() throws Exception {
    store = open();
  }

  @AfterEach
  void closeStore() {
    store.close();
  }

  protected static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  protected String text(String key) {
    try (ObjectContent content = store.get(key)) {
      return new String(content.stream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  protected ObjectInfo info(String key) {
    return Objects.requireNonNull(store.head(key));
  }

  protected List<String> keys(String prefix) {
    return store.listAll(prefix).map(ObjectInfo::key).toList();
  }

  protected static String etag(PutResult result) {
    return switch (result) {
      case PutResult.Stored stored -> stored.etag();
      case PutResult.Refused refused -> throw new AssertionError("refused");
    };
  }

  @Test
  void shouldPutIfAbsentOnlyOnce() {
    assertThat(store.putIfAbsent("once", body("first")).stored()).isTrue();
    assertThat(store.putIfAbsent("once", body("second")).stored()).isFalse();
    assertThat(text("once")).isEqualTo("first");

    store.deleteAll(List.of("once"));
    assertThat(store.putIfAbsent("once", body("third")).stored()).isTrue();
    assertThat(text("once")).isEqualTo("third");
  }

  @Test
  void shouldPutIfMatchOnlyOnTheNamedVersion() {
    assertThat(store.putIfMatch("m", body("x"), "0").stored()).isFalse();
    assertThat(store.head("m")).isNull();

    String first = store.put("m", body("one")).etag();
    String second = etag(store.putIfMatch("m", body("two"), first));
    assertThat(text("m")).isEqualTo("two");
    assertThat(store.putIfMatch("m", body("three"), first).stored()).isFalse();
    assertThat(text("m")).isEqualTo("two");

    assertThat(info("m").etag()).isEqualTo(second);
    assertThat(store.listAll("m").findFirst().orElseThrow().etag()).isEqualTo(second);
    assertThat(store.putIfMatch("m", body("four"), second).stored()).isTrue();
  }

  @Test
  void shouldLetExactlyOneOfManyCreate() throws Exception {
    for (int round = 0; round < 5; round++) {
      String key = "race/" + round;
      List<Integer> stored = new ArrayList<>();
      List<PutResult> results = concurrently(i -> store.putIfAbsent(key, body("writer " + i)));
      for (int i = 0; i < results.size(); i++) {
        if (results.get(i).stored()) {
          stored.add(i);
        }
      }
      assertThat(stored).hasSize(1);
      assertThat(text(key)).isEqualTo("writer " + stored.get(0));
    }
  }

  @Tag("campaign")
  @Test
  void shouldLoseNoUpdateUnderCompareAndSet() throws Exception {
    int rounds = 10;
    store.put("counter", body("0"));
    concurrently(i -> {
      for (int round = 0; round < rounds; ) {
        ObjectInfo info;
        long value;
        try (ObjectContent content = store.get("counter")) {
          info = content.object();
          value =
              Long.parseLong(new String(content.stream().readAllBytes(), StandardCharsets.UTF_8));
        }
        if (store.putIfMatch("counter", body(Long.toString(value + 1)), info.etag()).stored()) {
          round++;
        }
      }
      return true;
    });
    assertThat(text("counter")).isEqualTo(Integer.toString(rounds * WRITERS));
  }

  interface Writer<T> {
    T write(int writer) throws Exception;
  }

  static <T> List<T> concurrently(Writer<T> writer) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<T>> tasks = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int number = i;
        tasks.add(() -> writer.write(number));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : threads.invokeAll(tasks)) {
        results.add(future.get());
      }
      return results;
    }
  }
}
