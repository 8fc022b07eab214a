package io.ashlar.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import picocli.CommandLine;

/**
 * One run of the command line within the test's own JVM.
 *
 * @param code its exit code.
 * @param out what it printed on standard output.
 * @param err what it printed on standard error.
 */
public record CommandRun(int code, String out, String err) {

  /** Command lines that run nothing now. To make one takes longer than most commands do. */
  private static final ConcurrentLinkedQueue<CommandLine> IDLE = new ConcurrentLinkedQueue<>();

  /** Runs a command. */
  public static CommandRun of(Object... arguments) {
    CommandLine idle = IDLE.poll();
    CommandLine line = idle != null ? idle : AshlarCommand.commandLine();
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    String[] texts = new String[arguments.length];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = arguments[i].toString();
    }
    int code = line.execute(texts);
    line.getOut().flush();
    line.getErr().flush();
    IDLE.add(line);
    return new CommandRun(code, out.toString(), err.toString());
  }

  /** Returns the lines of standard output. */
  public List<String> lines() {
    return out.lines().toList();
  }
}
