package io.ashlar.cli.command;

import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Parameters;

/** The first argument, URL, of commands that work on a tier without a store. */
final class TierArgument {
  /** A URL that names a folder. Any other, a malformed one too, is left to {@link ObjectStores}. */
  private static final Pattern FOLDER = Pattern.compile("file:(?://(?=/))?(/?[^/?][^?]*)");

  /** The forms of a tier's URL. */
  static final String FORMS = "file:FOLDER or s3://BUCKET/PREFIX[?endpoint=URL&region=NAME]";

  /** Help for a tier's URL. */
  static final String HELP =
      "Tier: " + FORMS + ". Credentials come from the environment or the AWS profile.";

  @Parameters(index = "0", paramLabel = "URL", description = HELP)
  private @Nullable String url;

  /** Opens the object store; creates a folder that does not exist. */
  ObjectStore open() {
    return ObjectStores.open(Objects.requireNonNull(url));
  }

  /** Opens the object store, which must exist if it is a folder. */
  ObjectStore openExisting() throws IOException {
    return openExisting(Objects.requireNonNull(url));
  }

  /**
   * Opens an object store for a command that only reads, or that needs what is there.
   *
   * @throws IOException if it is a folder that does not exist: the URL is misspelt, most likely.
   */
  static ObjectStore openExisting(String url) throws IOException {
    Matcher file = FOLDER.matcher(url);
    if (file.matches() && !Files.isDirectory(Path.of(file.group(1)))) {
      throw new IOException("no such tier: folder=" + file.group(1) + "; check the URL");
    }
    return ObjectStores.open(url);
  }
}
