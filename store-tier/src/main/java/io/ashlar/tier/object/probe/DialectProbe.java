package io.ashlar.tier.object.probe;

import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.probe.Dialect.Checksum;
import io.ashlar.tier.object.probe.Dialect.ConditionalDelete;
import io.ashlar.tier.object.probe.Dialect.PutIfAbsent;
import io.ashlar.tier.object.probe.Dialect.PutIfMatch;
import io.ashlar.tier.object.probe.ProbeRequests.Answer;
import io.ashlar.tier.object.request.StampedBody;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;

/**
 * Finds out what an endpoint does with conditional and checked requests. It tries them on objects
 * of its own below {@code _probe/} and reads back, as a status alone proves nothing.
 *
 * <p>Compare-and-set is called real if it refuses what it must and applies what it must. {@value
 * #WRITERS} writers also race for {@value #ROUNDS} keys, and at most one may store each. A service
 * that checks first and writes later can pass by luck; one that fails is certainly unfit.
 *
 * <p>Costs some 60 small requests; {@link #cached} asks an endpoint and bucket once in the life of
 * the process. Thread: any. A probe that is cut short leaves a few small objects below {@code
 * _probe/}, which no listing of ours looks at.
 */
public final class DialectProbe {
  private static final String PREFIX = "_probe/";
  private static final int WRITERS = 6;
  private static final int ROUNDS = 3;
  private static final int ATTEMPTS_MAX = 4;
  private static final long PAUSE_NS = 50_000_000;
  private static final ConcurrentHashMap<String, CompletableFuture<Dialect>> CACHE =
      new ConcurrentHashMap<>();

  private final ProbeRequests requests;
  private final String root = PREFIX + StampedBody.newId() + "/";
  private final List<String> keys = new ArrayList<>();

  private DialectProbe(ProbeRequests requests) {
    this.requests = requests;
  }

  /**
   * Probes a store now.
   *
   * @param store the store, with the right to write and delete below {@code _probe/}; stays the
   *     caller's.
   * @return what the endpoint honours.
   * @throws ObjectStoreException if it cannot be written to, or does not answer.
   */
  public static Dialect probe(ObjectStore store) {
    ObjectStore inner = store instanceof RetryingObjectStore retrying ? retrying.repeated() : store;
    ProbeRequests requests =
        inner instanceof ProbedStore own ? own.probeRequests() : new PlainProbeRequests(inner);
    for (int attempt = 1; ; attempt++) {
      try {
        return new DialectProbe(requests).run();
      } catch (ObjectStoreException e) {
        // From the start and with other keys: an unanswered request would tell the wrong thing.
        if (!e.retryable() || attempt == ATTEMPTS_MAX) {
          throw e;
        }
        LockSupport.parkNanos(PAUSE_NS << attempt);
      }
    }
  }

  /**
   * Returns what {@link #probe} found for {@code place} before, or probes now. Of several callers
   * one probes and the others wait for it. A failure is not kept.
   *
   * @param place the endpoint and bucket, as text; the key of the answer for the life of the
   *     process.
   * @param store a store at that place; stays the caller's.
   * @return what the endpoint honours.
   * @throws ObjectStoreException if it cannot be written to, or does not answer.
   */
  public static Dialect cached(String place, ObjectStore store) {
    CompletableFuture<Dialect> ours = new CompletableFuture<>();
    CompletableFuture<Dialect> before = CACHE.putIfAbsent(place, ours);
    if (before != null) {
      try {
        return before.join();
      } catch (CompletionException e) {
        throw new ObjectStoreException(
            "probing the endpoint failed: store=" + store + ", reason=" + e.getCause(), true, e);
      }
    }
    try {
      Dialect dialect = probe(store);
      ours.complete(dialect);
      return dialect;
    } catch (RuntimeException | Error e) {
      CACHE.remove(place, ours);
      FutureOutcomes.fail(ours, e);
      throw e;
    }
  }

  private Dialect run() {
    try {
      String plain = newKey();
      if (requests.put(plain, "plain", null, null, null) != Answer.APPLIED) {
        throw new ObjectStoreException(
            "probing failed: a plain put was refused: key=" + plain, false, null);
      }
      return new Dialect(putIfAbsent(plain), putIfMatch(), checksum(), conditionalDelete());
    } finally {
      cleanUp();
    }
  }

  private String newKey() {
    String key = root + keys.size();
    keys.add(key);
    return key;
  }

  private PutIfAbsent putIfAbsent(String taken) {
    Answer onTaken = requests.put(taken, "overwritten", "*", null, null);
    if (onTaken == Answer.APPLIED || !holds(taken, "plain")) {
      return PutIfAbsent.FAKE;
    }
    if (onTaken == Answer.REJECTED
        || requests.put(newKey(), "first", "*", null, null) != Answer.APPLIED) {
      return PutIfAbsent.UNSUPPORTED;
    }
    for (int round = 0; round < ROUNDS; round++) {
      String key = newKey();
      if (!onlyOneStores(key, text -> requests.put(key, text, "*", null, null))) {
        return PutIfAbsent.FAKE;
      }
    }
    return PutIfAbsent.REAL;
  }

  /** Whether an object has a text; one bad answer of two is not believed. */
  private boolean holds(String key, String text) {
    boolean first = text.equals(requests.read(key));
    return first || text.equals(requests.read(key));
  }

  private PutIfMatch putIfMatch() {
    PutIfMatch quoted = putIfMatch(true);
    if (quoted == PutIfMatch.QUOTED) {
      return quoted;
    }
    PutIfMatch bare = putIfMatch(false);
    return bare == PutIfMatch.UNQUOTED ? bare : quoted == PutIfMatch.FAKE ? quoted : bare;
  }

  private PutIfMatch putIfMatch(boolean inQuotes) {
    String key = newKey();
    if (requests.put(key, "old", null, null, null) != Answer.APPLIED) {
      return PutIfMatch.UNSUPPORTED;
    }
    String right = etag(key, inQuotes);
    String wrong =
        inQuotes ? "\"0123456789abcdef0123456789abcdef\"" : "0123456789abcdef0123456789abcdef";
    Answer onWrong = requests.put(key, "wrong", null, wrong, null);
    if (onWrong == Answer.APPLIED || !holds(key, "old")) {
      return PutIfMatch.FAKE;
    }
    if (onWrong == Answer.REJECTED
        || requests.put(key, "new", null, right, null) != Answer.APPLIED
        || !holds(key, "new")) {
      return PutIfMatch.UNSUPPORTED;
    }
    for (int round = 0; round < ROUNDS; round++) {
      String current = etag(key, inQuotes);
      if (!onlyOneStores(key, text -> requests.put(key, text, null, current, null))) {
        return PutIfMatch.FAKE;
      }
    }
    return inQuotes ? PutIfMatch.QUOTED : PutIfMatch.UNQUOTED;
  }

  private String etag(String key, boolean inQuotes) {
    return inQuotes ? '"' + requests.etag(key) + '"' : requests.etag(key);
  }

  private interface Writer {
    Answer write(String text);
  }

  private boolean onlyOneStores(String key, Writer writer) {
    // Etags may be digests: equal bytes would let a second writer in rightly.
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      texts.add(StampedBody.newId());
    }
    List<CompletableFuture<Answer>> answers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < WRITERS; i++) {
        String text = texts.get(i);
        answers.add(FutureOutcomes.supply(() -> writer.write(text), threads));
      }
    }
    List<String> applied = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      if (answer(answers.get(i)) == Answer.APPLIED) {
        applied.add(texts.get(i));
      }
    }
    return applied.size() == 1 && holds(key, applied.getFirst());
  }

  private static Answer answer(CompletableFuture<Answer> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private Checksum checksum() {
    String key = newKey();
    CRC32C crc = new CRC32C();
    crc.update("checked".getBytes(StandardCharsets.UTF_8));
    int right = (int) crc.getValue();
    if (requests.put(key, "checked", null, null, right) != Answer.APPLIED) {
      return Checksum.REJECTED;
    }
    return requests.put(key, "checked", null, null, ~right) == Answer.APPLIED
        ? Checksum.IGNORED
        : Checksum.VERIFIED;
  }

  private ConditionalDelete conditionalDelete() {
    String key = newKey();
    Answer put = requests.put(key, "kept", null, null, null);
    Answer answer = requests.delete(key, "\"0123456789abcdef0123456789abcdef\"");
    boolean there = put == Answer.APPLIED && holds(key, "kept");
    return !there
        ? ConditionalDelete.IGNORED
        : answer == Answer.REFUSED ? ConditionalDelete.HONOURED : ConditionalDelete.UNSUPPORTED;
  }

  /** Best effort: what stays is small and never read. */
  private void cleanUp() {
    try {
      for (String key : keys) {
        var _ = requests.delete(key, null);
      }
    } catch (ObjectStoreException ignored) {
      // The outcome of the probe matters more, be it an answer or a failure.
    }
  }
}
