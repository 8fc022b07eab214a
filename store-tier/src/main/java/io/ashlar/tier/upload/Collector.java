package io.ashlar.tier.upload;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.Log;
import io.ashlar.tier.CollectionConfig;
import io.ashlar.tier.CollectionReport;
import io.ashlar.tier.CollectionStats;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.pack.Sending;
import io.ashlar.tier.prefix.TierWriter;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs the collections of an agent: one {@link CollectionPass} for the life of a writer, whose runs
 * it counts.
 *
 * <p>Thread: the tiering agent; {@link #stats} from any.
 */
final class Collector {
  /** Longer than any upload in parts can take. */
  private static final long STALE_UPLOAD_MS = TimeUnit.HOURS.toMillis(24);

  private final ClaimedPrefix prefix;
  private final CollectionConfig config;
  private final Sending sending;
  private final CollectionCounters counters = new CollectionCounters();

  private @Nullable TierWriter passWriter;
  private @Nullable CollectionPass pass;

  Collector(ClaimedPrefix prefix, CollectionConfig config, Sending sending) {
    this.prefix = prefix;
    this.config = config;
    this.sending = sending;
  }

  /**
   * Makes one collection.
   *
   * @param dryRun whether only to say what it would do.
   * @return what it did; zeros when nothing can have changed since the last.
   * @throws io.ashlar.store.FencedException if another writer took over.
   * @throws CorruptionException if a manifest or batch of the tier is damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws io.ashlar.store.StoreClosedException if the agent is closed.
   */
  CollectionReport collect(boolean dryRun) {
    TierWriter current = prefix.settledWriter();
    CollectionPass own = passOf(current);
    if (own.isIdle()) {
      return CollectionReport.NOTHING;
    }
    current.checkNotFenced();
    CollectionReport report;
    try {
      report = own.run(dryRun);
    } catch (RuntimeException | Error e) {
      counters.failed();
      prefix.forgetLocations();
      if (e instanceof CorruptionException damage) {
        throw Remedy.added(damage);
      }
      throw e;
    }
    if (!dryRun) {
      counters.count(report, abortStaleUploads());
    }
    return report;
  }

  private CollectionPass passOf(TierWriter writer) {
    CollectionPass own = pass;
    if (own == null || passWriter != writer) {
      own =
          new CollectionPass(
              prefix.objects().store(),
              writer.manifests(),
              writer,
              config,
              new LocalReferences(prefix),
              this::compact,
              System::currentTimeMillis);
      pass = own;
      passWriter = writer;
    }
    return own;
  }

  private Compaction.@Nullable Result compact(
      List<TierManifest> chain, int belowPercent, int replacedMax) {
    Compaction.Result result =
        new Compaction(
                prefix.objects(), prefix.writer(), prefix.locations(), prefix.reader(), sending)
            .run(chain, belowPercent, replacedMax);
    if (result == null) {
      prefix.forgetLocations();
    }
    return result;
  }

  private long abortStaleUploads() {
    try {
      return prefix.objects().store().abortStaleUploads(STALE_UPLOAD_MS);
    } catch (ObjectStoreException e) {
      Log.log(TieringAgent.class, Level.DEBUG, "aborting stale uploads failed: " + e.getMessage());
      return 0;
    }
  }

  /** What collections did since the agent was opened. */
  CollectionStats stats() {
    return counters.stats();
  }

  /** Forgets what is known of manifests. Idempotent. */
  void free() {
    pass = null;
    passWriter = null;
  }
}
