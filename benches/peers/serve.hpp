// How a peer written in C++ answers: the protocol of benches/src/serve.rs, and the scalar functions of benches/src/lib.rs.
#pragma once

#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

template <class T>
T rosenbrock(const T* x, int n) {
    T sum = 0.0;
    for (int i = 0; i + 1 < n; ++i) {
        T along = 1.0 - x[i], across = x[i + 1] - x[i] * x[i];
        sum += along * along + 100.0 * (across * across);
    }
    return sum;
}

template <class T>
T transcendental(const T* x, int n) {
    using std::exp, std::log, std::sin;
    T sum = 0.0;
    for (int i = 0; i < n; ++i) sum += sin(x[i]) * exp(0.1 * x[i] + 1.0) + log(1.0 + x[i] * x[i]);
    return sum;
}

// How many variables at how many points, by what is added to a function's name.
struct Size {
    int n, points;
};
using Sizes = std::map<std::string, Size>;
inline const Sizes large = {{"", {10000, 1}}}, every = {{"", {10000, 1}}, {"-small", {10, 1000}}};

inline std::vector<double> point(int n) {
    std::vector<double> x(n);
    for (int i = 0; i < n; ++i) x[i] = 0.5 + 0.1 * (i * 7 % 13) / 13.0;
    return x;
}

// Leaves the gradient, if there is one, and returns the value.
using Run = std::function<double(std::vector<double>&)>;

// Answers until the input ends. `make(function, size)` gives what does a work once.
inline void serve(const std::string& name, const Sizes& sizes, const std::function<Run(const std::string&, Size)>& make) {
    std::cout.precision(17);
    std::cout << name;
    std::map<std::string, std::pair<Run, std::vector<double>>> running;
    std::map<std::string, std::function<Run()>> works;
    for (std::string function : {"rosenbrock", "transcendental"}) {
        for (const auto& [suffix, size] : sizes) {
            works[function + suffix] = [=, size = size] { return make(function, size); };
            std::cout << '\t' << function << suffix;
        }
    }
    std::cout << std::endl;
    std::string work;
    long iterations;
    while (std::cin >> work >> iterations) {
        if (!running.count(work)) running[work].first = works.at(work)();
        auto& [run, gradient] = running[work];
        long fastest = -1;
        double value = 0.0;
        for (long i = 0; i < iterations; ++i) {
            auto start = std::chrono::steady_clock::now();
            value = run(gradient);
            long taken = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
            if (fastest < 0 || taken < fastest) fastest = taken;
        }
        std::cout << fastest << ' ' << value;
        double checksum = 0.0;
        for (std::size_t i = 0; i < gradient.size(); ++i) checksum += (i % 7 + 1) * gradient[i];
        if (!gradient.empty()) std::cout << ' ' << checksum;
        std::cout << std::endl;
    }
}

// The function itself, at all points.
inline Run itself(const std::string& function, Size size) {
    auto f = function == "rosenbrock" ? rosenbrock<double> : transcendental<double>;
    return [=, x = point(size.n * size.points)](std::vector<double>&) {
        double sum = 0.0;
        for (int p = 0; p < size.points; ++p) sum += f(&x[p * size.n], size.n);
        return sum;
    };
}
