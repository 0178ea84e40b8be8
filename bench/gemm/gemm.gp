# SPDX-License-Identifier: BSD-3-Clause
# gnuplot -c bench/gemm.gp DATA TITLE OUTPUT draws what bench_gemm --cubes wrote into OUTPUT.svg and OUTPUT.png.
data = ARG1
stats data using 1 skip 1 nooutput
set title ARG2
set xlabel 'M = N = K'
set ylabel '% of the FMA peak'
set logscale x 2
set yrange [0:100<*<125]
set ytics 10
set grid xtics ytics linetype -1 linewidth 0.5 linecolor '#d0d0d0'
set key below
set datafile missing '?'
set linetype 1 linecolor '#c02020' linewidth 3 pointtype 7
set linetype 2 linecolor '#2060c0' linewidth 1.5 pointtype 5
set linetype 3 linecolor '#30a030' linewidth 1.5 pointtype 9
set linetype 4 linecolor '#d08010' linewidth 1.5 pointtype 11
plot_all = 'plot for [i = 2:STATS_columns] data using 1:i smooth unique ' . \
    'with linespoints pointsize 0.7 title columnheader(i)'

set terminal svg size 760,460 font 'sans,13' background '#ffffff'
set output ARG3.'.svg'
eval plot_all
set terminal pngcairo size 1140,690 font 'sans,14' background '#ffffff'
set output ARG3.'.png'
eval plot_all
