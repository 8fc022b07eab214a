package io.ashlar.jmh.result;

/**
 * What a result is about.
 *
 * @param scenario the scenario's name.
 * @param store the contestant's name.
 * @param cell the cell's name.
 */
public record Subject(String scenario, String store, String cell) {}
