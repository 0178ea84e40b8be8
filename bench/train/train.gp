# SPDX-License-Identifier: BSD-3-Clause
# gnuplot -c bench/train.gp DATA TITLE OUTPUT draws what bench_train --plot wrote into OUTPUT.svg and OUTPUT.png.
data = ARG1
stats data using 0 skip 1 nooutput
nets = STATS_records
stats data using 2 skip 1 nooutput
columns = STATS_columns
set title ARG2
set ylabel '% of the FMA peak'
set yrange [0:100<*<125]
set ytics 10
set grid ytics linetype -1 linewidth 0.5 linecolor '#d0d0d0'
set xtics nomirror rotate by (nets > 12 ? -60 : 0)
set key below
set datafile missing '?'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set linetype 1 linecolor '#c02020'
set linetype 2 linecolor '#2060c0'
set linetype 3 linecolor '#30a030'
set linetype 4 linecolor '#d08010'
set linetype 5 linecolor '#8040a0'
set linetype 6 linecolor '#40a0b0'
set linetype 7 linecolor '#808080'
plot_all = 'plot for [i = 2:columns] data using i:xtic(1) linetype i - 1 title columnheader(i)'
width = nets > 12 ? 40 * nets : 760

set terminal svg size width,460 font 'sans,13' background '#ffffff'
set output ARG3.'.svg'
eval plot_all
set terminal pngcairo size 1.5 * width,690 font 'sans,14' background '#ffffff'
set output ARG3.'.png'
eval plot_all
