package io.ashlar.jmh;

import io.ashlar.jmh.commit.BusyScenario;
import io.ashlar.jmh.commit.CommitScenario;
import io.ashlar.jmh.commit.GroupScenario;
import io.ashlar.jmh.commit.IngestScenario;
import io.ashlar.jmh.commit.TailScenario;
import io.ashlar.jmh.contest.Fio;
import io.ashlar.jmh.contest.Pace;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.contest.Selection;
import io.ashlar.jmh.heap.HeapScenario;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.Machine;
import io.ashlar.jmh.machine.NoMemoryFolderException;
import io.ashlar.jmh.overhead.OverheadScenario;
import io.ashlar.jmh.read.ReadScenario;
import io.ashlar.jmh.reopen.ReopenScenario;
import io.ashlar.jmh.report.Page;
import io.ashlar.jmh.report.TextFile;
import io.ashlar.jmh.result.ResultsCsv;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.TextTable;
import io.ashlar.jmh.tier.TierScenario;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command behind {@code scripts/bench}. */
@Command(
    name = "scripts/bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    subcommands = ChartsCommand.class,
    description = "Measures Ashlar beside its peers and beside the limit of the device.",
    footerHeading = "%nScenarios:%n",
    footer = {
      "  commit  how long one thread waits until a batch is durable",
      "  group   what 1 to 64 threads gain that each commit one value at a time",
      "  ingest  how fast four threads overwrite large batches, and what that costs",
      "  read    how long a random read takes, cold and hot",
      "  reopen  how soon a store is open again after kill -9",
      "  heap    how much Java heap a commit or a read allocates",
      "  tier    how fast blobs are uploaded, restored and read back",
      "  tail    how long commits take that are due at a fixed rate, alone and",
      "          beside growth, index checkpoints, tier passes, vacuums and readers",
      "  busy    what is left of group commit beside spinning processes",
      "  overhead  what an operation costs in processor time where files lie in memory",
      "            (in /dev/shm, unless --dir is in memory itself)",
      "",
      "Except in reopen, heap and tier, all stores are open at once. They take turns in short slices, in shuffled"
          + " order. A figure is the median of the rounds. A ratio is the median of each round's"
          + " ratio. On a busy machine believe the ratios only. Where fio is installed, it is"
          + " measured as a limit."
    })
public final class Bench implements Callable<Integer> {

  private static final Map<String, Scenario> SCENARIOS = new LinkedHashMap<>();

  static {
    SCENARIOS.put("commit", new CommitScenario());
    SCENARIOS.put("group", new GroupScenario());
    SCENARIOS.put("tail", new TailScenario());
    SCENARIOS.put("busy", new BusyScenario());
    SCENARIOS.put("ingest", new IngestScenario());
    SCENARIOS.put("read", new ReadScenario());
    SCENARIOS.put("reopen", new ReopenScenario());
    SCENARIOS.put("heap", new HeapScenario());
    SCENARIOS.put("tier", new TierScenario());
    SCENARIOS.put("overhead", new OverheadScenario());
  }

  @Parameters(paramLabel = "SCENARIO", arity = "0..*", description = "What to measure; see below.")
  private List<String> scenarios = new ArrayList<>();

  @Option(names = "--quick", description = "Measure fewer slices: two minutes a scenario.")
  private boolean quick;

  @Option(
      names = "--csv",
      paramLabel = "FILE",
      description = "Where to write the figures. The table goes beside it, as .txt.")
  private @Nullable Path csv;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Where to write a page with charts. By default beside the CSV file, as .html.")
  private @Nullable Path html;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      defaultValue = "target/bench",
      description =
          "Where the stores lie: a folder on the device to be measured (${DEFAULT-VALUE}).")
  private Path folder = Path.of("target/bench");

  @Option(
      names = "--store",
      paramLabel = "NAME",
      split = ",",
      description = "Measure only these stores, and the limits.")
  private Set<String> stores = Set.of();

  @Option(
      names = "--cell",
      paramLabel = "NAME",
      split = ",",
      description = "Measure only these cells.")
  private Set<String> cells = Set.of();

  @Option(
      names = "--peers",
      description = "Measure peers in every cell. The large cells of reopen leave them out.")
  private boolean peersEverywhere;

  @Option(names = "--no-fio", description = "Leave fio out of the limits.")
  private boolean withoutFio;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How many rounds to measure; at least 3.")
  private @Nullable Integer rounds;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "42",
      description = "Seed of values, ids and the order of slices (${DEFAULT-VALUE}).")
  private long seed = 42;

  /** Runs the command. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Bench()).execute(arguments));
  }

  /** Returns the scenarios by their names. */
  static Map<String, Scenario> scenarios() {
    return Collections.unmodifiableMap(SCENARIOS);
  }

  /** Returns the command without its paths. */
  private String command() {
    StringBuilder command = new StringBuilder("scripts/bench " + String.join(" ", scenarios));
    command.append(quick ? " --quick" : "").append(rounds == null ? "" : " --rounds " + rounds);
    command.append(stores.isEmpty() ? "" : " --store " + String.join(",", stores));
    command.append(cells.isEmpty() ? "" : " --cell \"" + String.join(",", cells) + '"');
    command.append(peersEverywhere ? " --peers" : "").append(withoutFio ? " --no-fio" : "");
    return command.append(seed == 42 ? "" : " --seed " + seed).toString();
  }

  @Override
  public Integer call() {
    if (scenarios.isEmpty()) {
      System.err.println("error: no scenario: scenarios=" + SCENARIOS.keySet() + "; name one");
      return CommandLine.ExitCode.USAGE;
    }
    for (String name : scenarios) {
      if (!SCENARIOS.containsKey(name)) {
        System.err.println(
            "error: no such scenario: name=" + name + ", scenarios=" + SCENARIOS.keySet());
        return CommandLine.ExitCode.USAGE;
      }
    }
    Path work = Folders.make(folder, "run-");
    Folders.remove(work);
    Optional<Fio> fio = withoutFio ? Optional.empty() : Fio.find(folder);
    Pace pace = quick ? Pace.QUICK : Pace.FULL;
    Plan plan =
        new Plan(
            folder,
            rounds == null ? pace : pace.withRounds(rounds),
            new Selection(stores, cells, peersEverywhere),
            seed,
            fio);
    StringBuilder text = new StringBuilder();
    List<String> machine = new ArrayList<>(List.of("command: " + command()));
    machine.addAll(Machine.describe(folder));
    fio.ifPresent(found -> machine.add("fio: " + found.version()));
    machine.forEach(line -> text.append(line).append('\n'));
    System.out.print(text);
    List<Row> rows = new ArrayList<>();
    Map<String, String> titles = new LinkedHashMap<>();
    for (String name : scenarios) {
      Scenario scenario = SCENARIOS.get(name);
      if (scenario == null) {
        continue; // checked above
      }
      List<Row> measured;
      try {
        measured = scenario.run(plan);
      } catch (NoMemoryFolderException e) {
        System.err.println("error: " + e.getMessage());
        return CommandLine.ExitCode.USAGE;
      }
      if (measured.isEmpty()) {
        System.err.println(
            "error: the scenario has none of the cells asked for: scenario="
                + name
                + ", cells="
                + cells
                + "; leave out --cell to see their names");
        return CommandLine.ExitCode.USAGE;
      }
      String table = scenario.title() + "\n" + TextTable.of(measured);
      System.out.println("\n" + table);
      text.append('\n').append(table);
      rows.addAll(measured);
      titles.put(name, scenario.title());
    }
    Path file = csv == null ? folder.resolve(String.join("-", scenarios) + ".csv") : csv;
    TextFile.write(file, new ResultsCsv(machine, rows).text());
    TextFile.write(file.resolveSibling(file.getFileName() + ".txt"), text.toString());
    Path page = html == null ? file.resolveSibling(file.getFileName() + ".html") : html;
    TextFile.write(page, Page.page(machine, titles, rows));
    System.out.println("written: " + file + ", " + page);
    return CommandLine.ExitCode.OK;
  }
}
