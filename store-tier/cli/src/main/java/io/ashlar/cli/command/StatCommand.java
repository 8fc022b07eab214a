package io.ashlar.cli.command;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.RecoveryReport;
import io.ashlar.store.StallStats;
import io.ashlar.store.StoreStats;
import io.ashlar.store.local.ReadOnlyStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code ashlar stat}: what a store holds, and how it is reached. */
@Command(
    name = "stat",
    description = {
      "Show what a store holds, how its disk is accessed and what recovery found.",
      "The store is only read. Other processes may read it at the same time, but none may"
          + " have it open for writing."
    },
    exitCodeList = "1:the list of names is damaged",
    footer = "  ashlar stat /var/lib/photos")
public final class StatCommand implements Callable<Integer> {
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private StoreArgument store = new StoreArgument();

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    try (ReadOnlyStore opened = store.openReadOnly()) {
      StoreStats stats = opened.stats();
      RecoveryReport recovery = opened.recoveryReport();
      Catalogue catalogue = Catalogue.load(opened);
      if (outputOptions.json()) {
        output.json(values(store.folder(), stats, catalogue, recovery));
      } else {
        print(output, store.folder(), stats, catalogue, recovery);
      }
    }
    return ExitCode.OK;
  }

  private static void print(
      Output output, Path folder, StoreStats stats, Catalogue catalogue, RecoveryReport recovery) {
    line(output, "store", folder + ", id " + hex(stats.storeId()));
    line(output, "engine", stats.engine() + " (" + stats.engineReason() + ")");
    line(output, "files", Units.count(catalogue.entries().size()));
    line(
        output,
        "blobs",
        Units.count(stats.blobs())
            + " with "
            + Units.bytes(stats.blobBytes())
            + ": "
            + Units.count(stats.evictedBlobs())
            + " in the tier only, "
            + Units.count(catalogue.pageCount())
            + " of the catalogue, "
            + Units.count(catalogue.unnamed().size())
            + " without a name");
    line(
        output,
        "data file",
        Units.bytes(stats.fileBytes()) + ", " + Units.bytes(stats.freeBytes()) + " free");
    line(
        output,
        "memory",
        Units.bytes(stats.indexBytes()) + " index, " + Units.bytes(stats.poolBytes()) + " buffers");
    line(
        output,
        "durable",
        "epoch " + Units.count(stats.durableEpoch()) + ", record " + Units.count(stats.sequence()));
    line(output, "deletes", Units.count(stats.tombstones()) + " kept until the tier has them");
    line(output, "stalls", stallsText(stats.stalls()));
    line(output, "recovery", recoveryText(recovery));
  }

  /** Returns what commits of over a millisecond waited for since open, in a few words. */
  static String stallsText(List<StallStats> stalls) {
    long all = stalls.stream().mapToLong(StallStats::count).sum();
    return stalls.stream()
        .filter(stall -> stall.count() > 0)
        .sorted(Comparator.comparingLong(StallStats::count).reversed())
        .map(stall -> Units.count(stall.count()) + " " + name(stall))
        .collect(
            Collectors.joining(
                ", ",
                Units.count(all) + " commits of over 1 ms since open" + (all == 0 ? "" : ": "),
                ""));
  }

  private static String name(StallStats stall) {
    return stall.cause().name().toLowerCase(Locale.ROOT);
  }

  private static Map<String, Object> values(StallStats stall) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("cause", name(stall));
    values.put("count", stall.count());
    values.put("totalNs", stall.totalNs());
    values.put("maxNs", stall.maxNs());
    return values;
  }

  /** Returns what an open found, in a few words. */
  public static String recoveryText(RecoveryReport recovery) {
    return Units.count(recovery.replayedRecords(), "record")
        + " replayed, "
        + Units.count(recovery.droppedRecords())
        + " dropped"
        + (recovery.note().isEmpty() ? "" : ": " + recovery.note());
  }

  private static void line(Output output, String label, String value) {
    output.line(String.format(Locale.ROOT, "%-10s %s", label, value));
  }

  private static String hex(long id) {
    return HexFormat.of().toHexDigits(id);
  }

  private static Map<String, Object> values(
      Path folder, StoreStats stats, Catalogue catalogue, RecoveryReport recovery) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("store", folder.toString());
    values.put("storeId", hex(stats.storeId()));
    values.put("incarnation", hex(stats.incarnation()));
    values.put("engine", stats.engine());
    values.put("engineReason", stats.engineReason());
    values.put("files", catalogue.entries().size());
    values.put("blobs", stats.blobs());
    values.put("blobBytes", stats.blobBytes());
    values.put("evictedBlobs", stats.evictedBlobs());
    values.put("cataloguePages", catalogue.pageCount());
    values.put("unnamedBlobs", catalogue.unnamed().size());
    values.put("tombstones", stats.tombstones());
    values.put("fileBytes", stats.fileBytes());
    values.put("freeBytes", stats.freeBytes());
    values.put("indexBytes", stats.indexBytes());
    values.put("poolBytes", stats.poolBytes());
    values.put("durableEpoch", stats.durableEpoch());
    values.put("sequence", stats.sequence());
    values.put("stalls", stats.stalls().stream().map(StatCommand::values).toList());
    values.put("recoveryReplayedRecords", recovery.replayedRecords());
    values.put("recoveryDroppedRecords", recovery.droppedRecords());
    values.put("recoveryNote", recovery.note());
    return values;
  }
}
