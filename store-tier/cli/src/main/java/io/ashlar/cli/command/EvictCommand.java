package io.ashlar.cli.command;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.Tier;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code ashlar evict}: local bytes of what is safe in the tier are given up. */
@Command(
    name = "evict",
    description = {
      "Drop the local bytes of files that are in the tier.",
      "Read them later with: ashlar get --tier URL. What changed since the last \"ashlar"
          + " tier\" stays local."
    },
    exitCodeList = "1:the tier is damaged",
    footer = "  ashlar evict --free=2G /var/lib/photos s3://bucket/photos")
public final class EvictCommand implements Callable<Integer> {
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,15})([KMGT]?)");

  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private TieredStoreArguments arguments = new TieredStoreArguments();

  @Option(
      names = "--free",
      paramLabel = "SIZE",
      description =
          "Stop when SIZE bytes are freed, oldest files first: bytes, or a number with K, M,"
              + " G or T (powers of 1,024), such as 500M. Default: evict all files.")
  private @Nullable String free;

  /** What was evicted; also its JSON. */
  record Outcome(long evicted, long localBlobs, long evictedBlobs, long tieredEpoch) {}

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    FrameKeys keys = arguments.keys();
    long bytes = free == null ? Long.MAX_VALUE : size(free);
    try (ObjectStore objects = arguments.openExistingObjects();
        LocalBlobStore local = arguments.openStore();
        Tier tier = tiered(local, objects, keys)) {
      long evicted = tier.evictOldest(bytes, id -> !Catalogue.isPage(id));
      long inTierOnly = local.stats().evictedBlobs();
      Outcome outcome =
          new Outcome(evicted, local.stats().blobs() - inTierOnly, inTierOnly, tier.tieredEpoch());
      if (outputOptions.json()) {
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

  /** A tier is opened only where one is: opening it at a misspelt URL would begin a new one. */
  private static Tier tiered(LocalBlobStore local, ObjectStore objects, @Nullable FrameKeys keys)
      throws IOException {
    if (objects.list("", null).objects().isEmpty()) {
      throw new IOException(
          "nothing is tiered there: store=" + objects + "; check the URL, or run: ashlar tier");
    }
    return OpenStore.tier(local, objects, keys);
  }

  /** Returns the bytes of a size: a number, and after it K, M, G, T or nothing. */
  private long size(String text) {
    Matcher matcher = SIZE.matcher(text.toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw notASize(text);
    }
    String unit = matcher.group(2);
    int kilos = unit.isEmpty() ? 0 : "KMGT".indexOf(unit) + 1;
    try {
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * kilos));
    } catch (ArithmeticException e) {
      throw notASize(text);
    }
  }

  private ParameterException notASize(String text) {
    return outputOptions.wrongUse(
        "not a size: --free="
            + text
            + "; give bytes, or a number with K, M, G or T, below 8,388,608T");
  }
}
