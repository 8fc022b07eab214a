package io.ashlar.tier.object.s3;

import org.slf4j.LoggerFactory;

/**
 * Keeps slf4j's notice about a missing provider off standard error.
 *
 * <p>The AWS SDK logs through slf4j-api. An application with a provider (logback, log4j, jul) gets
 * those messages there. An application without one gets none, and needs no notice about that. Nor
 * may this module bring a provider: a second one on the class path causes a notice too. So if there
 * is no provider and slf4j has not started, this starts it once at verbosity ERROR, a documented
 * switch of slf4j 2.0.10. Then it resets the switch.
 */
final class SdkLogging {
  private static final String VERBOSITY = "slf4j.internal.verbosity";
  private static final String PROVIDERS = "META-INF/services/org.slf4j.spi.SLF4JServiceProvider";

  private SdkLogging() {}

  static synchronized void quietWithoutProvider() {
    ClassLoader loader = LoggerFactory.class.getClassLoader();
    boolean none =
        (loader == null ? ClassLoader.getSystemResource(PROVIDERS) : loader.getResource(PROVIDERS))
            == null;
    if (none
        && System.getProperty(VERBOSITY) == null
        && System.getProperty("slf4j.provider") == null) {
      System.setProperty(VERBOSITY, "ERROR");
      try {
        LoggerFactory.getILoggerFactory();
      } finally {
        System.clearProperty(VERBOSITY);
      }
    }
  }
}
