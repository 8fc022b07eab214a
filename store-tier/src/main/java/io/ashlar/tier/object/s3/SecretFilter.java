package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.ObjectKey;
import java.util.Set;
import java.util.regex.Pattern;

/** Detects secrets in a URL, and shows the URL without them. Thread: any. */
public final class SecretFilter {
  private static final String EXAMPLES =
      "; examples: file:/var/lib/ashlar/tier,"
          + " s3://bucket/prefix?endpoint=http://localhost:9000&region=us-east-1&pathStyle=true";

  /** Parameters whose values are fit to be shown. */
  private static final Set<String> SHOWN_PARAMETERS =
      Set.of("endpoint", "region", "pathStyle", "writers");

  private static final Pattern USER_INFO = Pattern.compile("//[^/?#]*@");
  private static final Pattern ACCESS_KEY = Pattern.compile("(?:AKIA|ASIA)[A-Z0-9]{12,}");
  private static final Pattern PARAMETER = Pattern.compile("([?&])([^=&]*)=([^&]*)");

  private SecretFilter() {}

  /** Whether there is user info, an AWS access key id, or a colon-separated pair before a host. */
  static boolean hasSecret(String url) {
    return USER_INFO.matcher(url).find() || ACCESS_KEY.matcher(url).find();
  }

  /** The URL in printable ASCII; user info, access keys and unknown parameters' values as stars. */
  static String shown(String url) {
    String safe = USER_INFO.matcher(url).replaceAll("//***@");
    safe = ACCESS_KEY.matcher(safe).replaceAll("***");
    safe =
        PARAMETER
            .matcher(safe)
            .replaceAll(match ->
                java.util.regex.Matcher.quoteReplacement(
                    SHOWN_PARAMETERS.contains(match.group(2))
                        ? match.group()
                        : match.group(1) + match.group(2) + "=***"));
    return ObjectKey.shown(safe);
  }

  /**
   * {@return the error for a URL, to be thrown: what is wrong, the URL without its secrets, and
   * examples of good ones}
   *
   * @param url the URL as it was given; it may hold secrets.
   * @param wrong what is wrong, as a clause without secrets.
   */
  public static IllegalArgumentException refused(String url, String wrong) {
    return new IllegalArgumentException(
        "object store URL refused: " + wrong + ": url=" + shown(url) + EXAMPLES);
  }
}
