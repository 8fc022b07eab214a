package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.Tier;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar evict}: local bytes of what is safe in the tier are given up. */
@Command(
    name = "evict",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Drop the local bytes of files that are safe in the tier; get them with --tier URL.",
      "What changed since the last \"ashlar tier\" stays local."
    })
public final class EvictCommand implements Callable<Integer> {
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,15})([KMGT]?)");

  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Option(
      names = "--free",
      paramLabel = "SIZE",
      description =
          "Stop when so many bytes are freed, the oldest files first: 500M, 2G. Default: all files.")
  private @Nullable String free;

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "STORE", description = "The store's folder.")
  private @Nullable Path store;

  @Parameters(index = "1", paramLabel = "URL", description = "The object store it is tiered to.")
  private @Nullable String url;

  /** What was evicted; also its JSON. */
  record Outcome(long evicted, long localBlobs, long evictedBlobs, long tieredEpoch) {}

  @Override
  public Integer call() throws IOException {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    Path folder = Objects.requireNonNull(store);
    long bytes = free == null ? Long.MAX_VALUE : size(free);
    FrameKeys keys = keyOptions.keys();
    try (ObjectStore objects = ObjectStores.open(Objects.requireNonNull(url));
        LocalBlobStore local = options.openExisting(folder);
        Tier tier = OpenStore.tier(local, objects, keys)) {
      long evicted = tier.evictOldest(bytes, id -> !Catalogue.isPage(id));
      long inTierOnly = local.stats().evictedBlobs();
      Outcome outcome =
          new Outcome(evicted, local.stats().blobs() - inTierOnly, inTierOnly, tier.tieredEpoch());
      if (json) {
        output.json(outcome);
      } else {
        output.line(
            "evicted "
                + Units.count(evicted, "blob")
                + "; "
                + Units.count(outcome.localBlobs(), "blob")
                + " here, "
                + Units.count(inTierOnly, "blob")
                + " in the tier only");
      }
    }
    return ExitCode.OK;
  }

  /** Bytes of a size with K, M, G or T behind it, or nothing. */
  static long size(String text) {
    Matcher matcher = SIZE.matcher(text.toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "not a size: --free=" + text + "; give bytes, or a number with K, M, G or T");
    }
    String unit = matcher.group(2);
    int kilos = unit.isEmpty() ? 0 : "KMGT".indexOf(unit) + 1;
    return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * kilos));
  }
}
